// Who authorizes with the access token alone means the header "Bearer <token>".
"use strict";
const intercept = swaggerUiConfig.requestInterceptor;
swaggerUiConfig.requestInterceptor = function (request) {
  const given = request.headers && request.headers.Authorization;
  if (given && !given.trim().includes(" ")) {
    request.headers.Authorization = `Bearer ${given.trim()}`;
  }
  return intercept(request);
};
