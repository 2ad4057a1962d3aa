// Light or dark, as the owner chose on this device; otherwise as the system has it.

export type Theme = "" | "light" | "dark"; // "": as the system

export function theme(): Theme {
  return (localStorage.getItem("theme") ?? "") as Theme;
}

export function keepTheme(to: Theme) {
  if (to) localStorage.setItem("theme", to);
  else localStorage.removeItem("theme");
  showTheme();
}

export function showTheme() {
  const { dataset } = document.documentElement;
  if (theme()) dataset.theme = theme();
  else delete dataset.theme;
}
