"use strict";
/* The base of a page: kinds of fragments register here and are started, each with its element and its data, once the page
   has loaded; and the switch between light and dark. */
const accelsim = (function () {
  const starters = new Map();

  function dataOf(root) {
    const holder = root.querySelector(":scope > script.data");
    return holder === null ? null : JSON.parse(holder.textContent);
  }

  /* An element with attributes and children; text becomes text, never HTML. Tags that begin with "svg:" are SVG. */
  function element(tag, attributes, ...children) {
    const isSvg = tag.startsWith("svg:");
    const made = isSvg
      ? document.createElementNS("http://www.w3.org/2000/svg", tag.slice(4))
      : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value !== null && value !== undefined && value !== false) {
        made.setAttribute(name, value === true ? "" : String(value));
      }
    }
    made.append(...children.map((child) => (child instanceof Node ? child : String(child))));
    return made;
  }

  /* A whole number with commas, the same for every reader's locale. */
  function count(number) {
    return String(number).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  }

  function startTheme() {
    const button = document.getElementById("theme");
    const preferred = window.matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => (document.documentElement.dataset.theme || (preferred.matches ? "dark" : "light")) === "dark";
    const label = () => {
      button.textContent = isDark() ? "Light" : "Dark";
    };
    button.addEventListener("click", () => {
      document.documentElement.dataset.theme = isDark() ? "light" : "dark";
      label();
    });
    preferred.addEventListener("change", label);
    button.hidden = false;
    label();
  }

  document.addEventListener("DOMContentLoaded", () => {
    startTheme();
    for (const root of document.querySelectorAll("[data-kind]")) {
      const start = starters.get(root.dataset.kind);
      if (start !== undefined) {
        start(root, dataOf(root));
      }
    }
  });

  return { register: (kind, start) => starters.set(kind, start), element, count };
})();
