// The document has this server as "/"; the page shows its whole URL.
fetch("/openapi.json")
  .then((response) => response.json())
  .then((spec) => {
    window.ui = SwaggerUIBundle({
      spec: { ...spec, servers: [{ url: window.location.origin }] },
      dom_id: "#swagger-ui",
      deepLinking: true,
      displayRequestDuration: true,
      persistAuthorization: true,
      tryItOutEnabled: true,
      // Swagger's own validator is somewhere else, and would be asked about every document that is shown.
      validatorUrl: null,
    });
  });
