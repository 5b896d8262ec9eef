package host

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/fabrique-des-transitions/fabrique/infra/local/gateway"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// invoke runs a function once, within its declared time-out. A caller who
// leaves does not stop it: on Lambda nobody would tell it.
func (h *Host) invoke(ctx context.Context, u *unit, payload []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), u.Timeout)
	defer cancel()
	defer h.wake(u.Function) // it may have changed tables that others listen to
	return u.handler.Invoke(ctx, payload)
}

func (h *Host) unit(name string) (*unit, bool) {
	for _, u := range h.units {
		if u.Name == name {
			return u, true
		}
	}
	return nil, false
}

// setting is what functions read from their environment. The flags of the
// host say the address and the limit; the environment says the rest, where it
// says something.
func (h *Host) setting(name string) string {
	switch name {
	case function.PublicURL.Name:
		return h.options.PublicURL
	case function.RateLimit.Name:
		return strconv.Itoa(h.options.RateLimit)
	}
	if value := os.Getenv(name); value != "" {
		return value
	}
	switch name {
	case "SMTP_URL":
		return h.mailbox.URL()
	case function.OIDCIssuer.Name:
		return h.issuer.url()
	case function.StorageEndpoint.Name:
		return h.buckets.origin
	case function.Media.Setting().Name:
		return string(function.Media)
	case "OIDC_SCOPES":
		return "openid email profile groups"
	case "MIN_FORM_MILLISECONDS":
		return "0" // developers and their scripts are quick
	}
	return "" // the declared default
}

// answer sends a request through the gateway to the function that declares it.
func (h *Host) answer(w http.ResponseWriter, r *http.Request) error {
	route, parameters, found := h.routes.Match(r.URL.Path)
	if !found {
		return fault.New(fault.NotFound, "not-found", "Cette adresse n’existe pas.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, gateway.MaxRequest))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return fault.New(fault.TooLarge, "request-too-large", "La demande dépasse 10 Mio.")
	case err != nil:
		return fault.New(fault.Malformed, "unreadable-body", "La demande n’est pas arrivée en entier : renvoyez-la.")
	}
	payload, err := gateway.Event(gateway.Call{
		Request: r, Body: body, Route: route, Parameters: parameters,
		RequestID: web.RequestID(r.Context()), Time: h.clock.Now(),
	})
	if err != nil {
		return err
	}
	u, _ := h.unit(route.Function.Name)
	out, err := h.invoke(r.Context(), u, payload)
	if err != nil {
		return err
	}
	return gateway.Answer(w, out)
}

// withRequestID gives each request the id that API Gateway would.
func (h *Host) withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(web.WithRequestID(r.Context(), h.id("req"))))
	})
}

// due is how long to wait for an instant of the clock: never so long that a
// laptop that slept would be much too late.
func (h *Host) due(instant time.Time) time.Duration {
	return min(instant.Sub(h.clock.Now()), 20*time.Second)
}
