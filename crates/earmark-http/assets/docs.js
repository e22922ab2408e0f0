// Everything that the viewer could load from elsewhere is switched off; the page's policy would stop it as well.
Scalar.createApiReference("#app", {
  url: "/openapi.json",
  proxyUrl: "",
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: "never",
  agent: { disabled: true },
  mcp: { disabled: true },
});
