// A script of Django's replaces selects by its own inputs, which it does not connect with their labels.
"use strict";
const connect = () => {
  for (const part of document.querySelectorAll(".select2-search__field, .select2-selection--single, .select2-selection__rendered")) {
    const select = part.closest(".select2")?.previousElementSibling;
    const label = select && document.querySelector(`label[for="${select.id}"]`);
    if (!label || part.dataset.isNamed) continue;
    label.id ||= `${select.id}_label`;
    const value = part.matches("input") ? null : part.closest(".select2").querySelector(".select2-selection__rendered");
    part.setAttribute("aria-labelledby", value?.id ? `${label.id} ${value.id}` : label.id);
    part.dataset.isNamed = "yes";
  }
};
new MutationObserver(connect).observe(document.documentElement, { childList: true, subtree: true });
connect();
