package gateway

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// MaxRequest is the largest request that API Gateway takes, in bytes
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html).
const MaxRequest = 10 << 20

// Call is a request on its way to a function.
type Call struct {
	Request    *http.Request
	Body       []byte
	Route      Route
	Parameters map[string]string
	RequestID  string
	Time       time.Time
}

// Event is the payload that API Gateway would send, format 2.0
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
func Event(c Call) ([]byte, error) {
	r := c.Request
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	domain, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		domain = r.Host
	}
	event := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: c.Route.Key,
		RawPath: r.URL.Path, RawQueryString: r.URL.RawQuery,
		Cookies: cookies(r.Header), Headers: headers(r, source),
		QueryStringParameters: query(r), PathParameters: c.Parameters,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: c.Route.Key, AccountID: "000000000000", Stage: "$default", RequestID: c.RequestID,
			APIID: "local", DomainName: domain, DomainPrefix: "local",
			Time: c.Time.UTC().Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: c.Time.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: source, UserAgent: r.UserAgent(),
			},
		},
	}
	if len(c.Body) > 0 {
		event.Body, event.IsBase64Encoded = string(c.Body), false
		if !isText(r.Header.Get("Content-Type")) || !utf8.Valid(c.Body) {
			event.Body, event.IsBase64Encoded = base64.StdEncoding.EncodeToString(c.Body), true
		}
	}
	return json.Marshal(event)
}

// headers are in lower case, several values of one joined by commas, without
// cookies, and with those that API Gateway adds.
func headers(r *http.Request, source string) map[string]string {
	joined := map[string]string{}
	for name, values := range r.Header {
		if name != "Cookie" {
			joined[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	joined["host"] = r.Host
	if r.ContentLength >= 0 {
		joined["content-length"] = fmt.Sprint(r.ContentLength)
	}
	_, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		port = "80"
	}
	joined["x-forwarded-for"], joined["x-forwarded-port"], joined["x-forwarded-proto"] = source, port, "http"
	return joined
}

func cookies(header http.Header) (list []string) {
	for _, line := range header.Values("Cookie") {
		for cookie := range strings.SplitSeq(line, ";") {
			if cookie = strings.TrimSpace(cookie); cookie != "" {
				list = append(list, cookie)
			}
		}
	}
	return list
}

func query(r *http.Request) map[string]string {
	values := r.URL.Query()
	if len(values) == 0 {
		return nil
	}
	joined := make(map[string]string, len(values))
	for name, list := range values {
		joined[name] = strings.Join(list, ",")
	}
	return joined
}

// isText tells which bodies API Gateway hands on as they are; a form comes in
// base64 like any other.
func isText(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	return strings.HasPrefix(media, "text/") || media == "application/json" || strings.HasSuffix(media, "+json") ||
		media == "application/xml" || strings.HasSuffix(media, "+xml") || media == "application/javascript"
}

// Answer writes what the function answered. It returns an error, and has
// written nothing, when that is not an answer.
func Answer(w http.ResponseWriter, payload []byte) error {
	var answer events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(payload, &answer); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	if answer.StatusCode < 200 || answer.StatusCode > 599 {
		return fmt.Errorf("answer: status %d", answer.StatusCode)
	}
	body := []byte(answer.Body)
	if answer.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(answer.Body)
		if err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		body = decoded
	}
	for name, value := range answer.Headers {
		w.Header().Set(name, value)
	}
	for name, values := range answer.MultiValueHeaders {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	for _, cookie := range answer.Cookies {
		w.Header().Add("Set-Cookie", cookie)
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(body) // the client is gone if this fails
	return nil
}
