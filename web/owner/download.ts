// Hands the owner a file that was made in this browser.

const LET_GO_MS = 10_000; // by then every browser has begun to write it

export function download(name: string, content: Blob | string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(typeof content === "string" ? new Blob([content], { type: "text/plain" }) : content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), LET_GO_MS);
}
