package io.millrace.gateway.edge;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.swagger.v3.oas.annotations.Hidden;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;

/** What is found where nothing but the gateway's address is known: its version, the page to try it, the document. */
@RestController
@Tag(name = ApiText.GATEWAY)
class FrontDoor {
    private static final String PAGE = "/swagger-ui.html";
    private static final String DOCUMENT = "/v3/api-docs";

    private final Environment environment;

    FrontDoor(Environment environment) {
        this.environment = environment;
    }

    @Operation(operationId = "info", summary = "What answers here", description = "Its version, under the name by which programs for the Strimzi HTTP bridge look for it. "
            + "A browser is sent to the page on which every operation can be tried.")
    @ApiResponse(responseCode = "200", description = "The version", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = Version.class)))
    @ApiResponse(responseCode = "302", description = "To a client that asks for HTML", content = @Content)
    @GetMapping("/")
    ResponseEntity<Version> front(
            @Parameter(hidden = true) @RequestHeader(name = "Accept", required = false) @Nullable String accept) {
        return accept != null && accept.contains(MediaType.TEXT_HTML_VALUE)
                ? ResponseEntity.status(HttpStatus.FOUND).location(URI.create(PAGE)).build()
                : ResponseEntity.ok(new Version(environment.getProperty("spring.application.version", "unreleased")));
    }

    @Operation(operationId = "openapi", summary = "This document", description = "What the gateway does over HTTP, in OpenAPI 3.1.")
    @ApiResponse(responseCode = "200", description = "The document", content = @Content(mediaType = ApiText.JSON, schema = @Schema(type = "object")))
    @GetMapping("/openapi")
    void document(@Parameter(hidden = true) HttpServletRequest request,
            @Parameter(hidden = true) HttpServletResponse response) throws ServletException, IOException {
        request.getRequestDispatcher(DOCUMENT).forward(request, response);
    }

    /** By the name that tells which version of OpenAPI it is. */
    @Hidden
    @GetMapping("/openapi/v3")
    void documentOfVersion3(HttpServletRequest request, HttpServletResponse response)
            throws ServletException, IOException {
        document(request, response);
    }

    @Schema(name = "Version")
    record Version(@JsonProperty("bridge_version") @Schema(example = "0.1.0") String bridgeVersion) {}
}
