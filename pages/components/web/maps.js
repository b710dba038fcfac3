// Small square pictures in a grid, drawn pixel by pixel: filters and feature maps. Updated in place, so nothing jumps.
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".maps");
  root.setAttribute("aria-label", data.label);
  root.style.setProperty("--tile", `${data.tile}px`);
  while (root.children.length > data.items.length) root.lastChild.remove();
  data.items.forEach((item, index) => {
    if (!root.children[index]) {
      const figure = document.createElement("figure");
      figure.append(document.createElement("img"), document.createElement("figcaption"));
      root.append(figure);
    }
    const [image, caption] = root.children[index].children;
    if (image.src !== item.src) image.src = item.src;
    image.alt = item.alt;
    image.title = item.alt;
    image.className = item.pixels ? "pixels" : "";
    caption.textContent = item.caption;
  });
}
