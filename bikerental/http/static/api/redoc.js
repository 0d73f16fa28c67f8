// Redoc's bundle loads a logo from its maker's site, who would learn who reads. Our policy refuses that, and the browser
// would report it. An address that loads nothing makes Redoc show no logo.
"use strict";
const withoutLogo = (address) => (String(address).startsWith("https://cdn.redoc.ly/") ? "data:," : address);
const setAttribute = Element.prototype.setAttribute;
Element.prototype.setAttribute = function (name, value) {
  setAttribute.call(this, name, name === "src" ? withoutLogo(value) : value);
};
const source = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
Object.defineProperty(HTMLImageElement.prototype, "src", {
  ...source,
  set(value) { source.set.call(this, withoutLogo(value)); },
});
