// The picture with the heatmap above it; opacity is changed in the browser, so the slider answers at once.
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".lens");
  const [picture, heat] = root.querySelectorAll(".stack img");
  const [slider, output] = [root.querySelector("input"), root.querySelector("output")];
  root.style.setProperty("--ratio", String(data.ratio));
  root.style.setProperty("--lens-width", data.width ? `${data.width}px` : "100%");
  picture.src = data.picture;
  picture.alt = data.alt;
  heat.src = data.heatmap;
  root.querySelector(".scale img").src = data.legend;
  root.querySelector(".low").textContent = data.low;
  root.querySelector(".high").textContent = data.high;
  const show = () => {
    heat.style.opacity = String(slider.value / 100);
    output.textContent = `${slider.value} %`;
    slider.setAttribute("aria-valuetext", `${slider.value} percent`);
  };
  if (!root.dataset.ready) {
    slider.value = String(data.opacity);
    root.dataset.ready = "1";
  }
  slider.oninput = show;
  show();
}
