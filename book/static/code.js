// Folds the code of a page, and puts a button that shows it beside the page's title. It comes first
// of all scripts, so that nothing moves on the page.

document.documentElement.classList.add("code-hidden");

document.addEventListener("DOMContentLoaded", () => {
  // The theme leaves the sidebar's title and search outside of all landmarks.
  const sidebar = document.querySelector(".bd-sidebar-primary");
  sidebar?.setAttribute("role", "navigation");
  sidebar?.setAttribute("aria-label", "Book");

  const title = document.querySelector(".bd-article h1");
  if (!title || !document.querySelector(".bd-article .cell_input")) return;
  const button = document.createElement("button");
  button.className = "code-toggle";
  button.type = "button";
  const show = (shown) => {
    document.documentElement.classList.toggle("code-hidden", !shown);
    button.textContent = shown ? "Hide code" : "Show code";
  };
  button.addEventListener("click", () => show(document.documentElement.classList.contains("code-hidden")));
  show(false);
  title.before(button);
});
