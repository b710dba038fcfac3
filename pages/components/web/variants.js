// Variants of one picture, updated in place. The first data.used are those a training would learn from.
export default function ({ data, parentElement }) {
  const grid = parentElement.querySelector(".variants");
  grid.setAttribute("aria-label", data.label);
  while (grid.children.length > data.pictures.length) grid.lastChild.remove();
  data.pictures.forEach((src, index) => {
    let image = grid.children[index];
    if (!image) grid.append((image = document.createElement("img")));
    if (image.getAttribute("src") !== src) image.src = src;
    image.alt = `${data.each} ${index + 1}`;
    image.className = index < data.used ? "used" : "";
  });
}
