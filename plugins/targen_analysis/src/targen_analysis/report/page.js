const root = document.documentElement;
const plots = JSON.parse(document.getElementById("plots").textContent);
const wish = window.matchMedia("(prefers-color-scheme: dark)");
const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : wish.matches);

function draw() {
  const shade = dark() ? "dark" : "light";
  root.dataset.drawn = shade;
  for (const [id, spec] of Object.entries(plots.specifications)) {
    vegaEmbed(document.getElementById(id), spec, {
      config: plots.themes[shade],
      renderer: "svg",
      tooltip: { theme: shade },
      actions: { export: true, source: false, compiled: false, editor: false },
    }).catch((error) => {
      document.getElementById(id).textContent = `This picture cannot be drawn: ${error.message}`;
    });
  }
}

document.getElementById("shade").addEventListener("click", () => {
  root.dataset.theme = dark() ? "light" : "dark";
  draw();
});
wish.addEventListener("change", draw);
draw();
