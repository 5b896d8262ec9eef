package lambdahost

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// http answers a request of API Gateway, payload format 2.0
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
func (h *Handler) http(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	ctx = web.WithRequestID(ctx, event.RequestContext.RequestID)
	answer := &recorder{header: http.Header{}}
	request, err := newRequest(ctx, event)
	if err != nil {
		h.log.WarnContext(ctx, "request cannot be read", "error", err, "request_id", event.RequestContext.RequestID)
		web.Serve(unreadable, false, h.log).ServeHTTP(answer, (&http.Request{URL: &url.URL{}}).WithContext(ctx))
		return answer.response(http.MethodGet), nil
	}
	h.running.HTTP.ServeHTTP(answer, request)
	return answer.response(request.Method), nil
}

func unreadable(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.Malformed, "unreadable-request", "La demande n’est pas arrivée en entier : renvoyez-la.")
}

func newRequest(ctx context.Context, event events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	body := []byte(event.Body)
	if event.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(event.Body)
		if err != nil {
			return nil, fmt.Errorf("body: %w", err)
		}
		body = decoded
	}
	request, err := http.NewRequestWithContext(ctx, event.RequestContext.HTTP.Method, "/", bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	// The path comes decoded. It is never parsed: "//name/path" has no host.
	request.URL = &url.URL{Path: event.RawPath, RawQuery: event.RawQueryString}
	for name, value := range event.Headers {
		request.Header.Set(name, value)
	}
	if len(event.Cookies) > 0 {
		request.Header.Set("Cookie", strings.Join(event.Cookies, "; "))
	}
	request.Host = request.Header.Get("Host")
	if request.Host == "" {
		request.Host = event.RequestContext.DomainName
	}
	request.RemoteAddr = event.RequestContext.HTTP.SourceIP
	return request, nil
}

// recorder is the http.ResponseWriter of one answer.
type recorder struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

// response is what API Gateway wants back: cookies apart, text in UTF-8 as it is
// and all else in base64. A header given twice is joined by commas, as HTTP allows.
func (r *recorder) response(method string) events.APIGatewayV2HTTPResponse {
	r.WriteHeader(http.StatusOK)
	response := events.APIGatewayV2HTTPResponse{StatusCode: r.status, Headers: map[string]string{}}
	for name, values := range r.header {
		if name == "Set-Cookie" {
			response.Cookies = values
			continue
		}
		response.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	if method == http.MethodHead {
		return response
	}
	if text(r.header.Get("Content-Type")) && utf8.Valid(r.body.Bytes()) {
		response.Body = r.body.String()
		return response
	}
	response.IsBase64Encoded = true
	response.Body = base64.StdEncoding.EncodeToString(r.body.Bytes())
	return response
}

func text(mediaType string) bool {
	mediaType, _, _ = strings.Cut(mediaType, ";")
	return strings.HasPrefix(mediaType, "text/") || strings.HasSuffix(mediaType, "json") ||
		strings.HasSuffix(mediaType, "xml") || mediaType == "application/javascript"
}
