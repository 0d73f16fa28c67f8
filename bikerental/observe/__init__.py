from bikerental.observe import metrics_files  # noqa: F401 - before any module makes its first figure
