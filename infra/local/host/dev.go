package host

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/infra/local/gateway"
	"github.com/fabrique-des-transitions/fabrique/infra/local/mailbox"
	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// mux serves the gateway and, beside it, the calls that exist on a laptop only.
// /healthz answers even when no function declares it.
func (h *Host) mux() http.Handler {
	mux := http.NewServeMux()
	for pattern, handle := range map[string]web.Handler{
		"GET /_dev/mail":               h.showMail,
		"DELETE /_dev/mail":            h.emptyMail,
		"GET /_dev/clock":              h.showClock,
		"POST /_dev/clock":             h.setClock,
		"DELETE /_dev/clock":           h.resetClock,
		"POST /_dev/schedules/{name}":  h.runNow,
		"POST /_dev/settle":            h.settleNow,
		"GET /_dev/token":              h.giveToken,
		"GET /_dev/partners/{partner}": h.givePartner,
		"POST /_dev/invoke/{function}": h.invokeNow,
		"GET /_dev/dead-letters":       h.showLetters,
		"POST /_dev/dead-letters":      h.leaveLetter,
		"DELETE /_dev/dead-letters":    h.emptyLetters,
		"/_dev/": func(http.ResponseWriter, *http.Request) error {
			return fault.New(fault.NotFound, "not-found", "L’hôte local n’a pas cet appel, ou pas avec cette méthode.")
		},
	} {
		mux.Handle(pattern, web.Serve(handle, false, h.options.Log))
	}
	functions := web.Serve(h.answer, false, h.options.Log)
	health, _, declared := h.routes.Match("/healthz")
	declared = declared && health.Key != function.Default
	return h.withRequestID(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/_dev/"):
			mux.ServeHTTP(w, r)
		case r.URL.Path == "/healthz" && !declared:
			w.WriteHeader(http.StatusOK)
		default: // as it came: ServeMux would clean the path, API Gateway does not
			functions.ServeHTTP(w, r)
		}
	}))
}

// showMail answers messages as JSON, and as a page to a browser.
func (h *Host) showMail(w http.ResponseWriter, r *http.Request) error {
	to := r.URL.Query().Get("to")
	messages := h.mailbox.To(to)
	if web.WantsPage(r) {
		return mailbox.WritePage(w, messages, to, h.clock.Now())
	}
	return web.JSON(w, http.StatusOK, messages)
}

func (h *Host) emptyMail(w http.ResponseWriter, _ *http.Request) error {
	if err := h.mailbox.Empty(); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (h *Host) showClock(w http.ResponseWriter, _ *http.Request) error {
	return web.JSON(w, http.StatusOK, map[string]time.Time{"now": h.clock.Now()})
}

func (h *Host) setClock(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Now time.Time }
	if err := json.NewDecoder(io.LimitReader(r.Body, web.MaxBody)).Decode(&in); err != nil || in.Now.IsZero() {
		return fault.New(fault.Malformed, "malformed-clock", `Envoyez {"now":"2026-03-10T09:00:00Z"}, un instant de la RFC 3339.`)
	}
	h.clock.set(in.Now)
	return h.showClock(w, r)
}

func (h *Host) resetClock(w http.ResponseWriter, r *http.Request) error {
	h.clock.reset()
	return h.showClock(w, r)
}

func (h *Host) runNow(w http.ResponseWriter, r *http.Request) error {
	var names []string
	due := h.clock.Now()
	for _, u := range h.units {
		for _, s := range u.Schedules {
			names = append(names, s.Name)
			if s.Name != r.PathValue("name") {
				continue
			}
			if err := h.runSchedule(r.Context(), u, s.Name, due); err != nil {
				return err
			}
			return web.JSON(w, http.StatusOK, map[string]any{"function": u.Name, "schedule": s.Name, "due": due})
		}
	}
	return fault.New(fault.NotFound, "unknown-schedule", "Planifications déclarées : "+strings.Join(names, ", ")+".")
}

// settleDeadline is how long a caller waits for the streams.
const settleDeadline = 30 * time.Second

func (h *Host) settleNow(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), settleDeadline)
	defer cancel()
	if err := h.settle(ctx); err != nil {
		h.options.Log.WarnContext(r.Context(), "not settled", "error", err)
		problem, err := json.Marshal(web.Problem{
			Type: "about:blank", Title: http.StatusText(http.StatusGatewayTimeout), Status: http.StatusGatewayTimeout,
			Code: "not-settled", Detail: "Des changements attendent encore après 30 secondes.", RequestID: web.RequestID(r.Context()),
		})
		if err != nil {
			return err
		}
		return web.Raw(w, http.StatusGatewayTimeout, web.ProblemType, problem)
	}
	return web.JSON(w, http.StatusOK, map[string]bool{"settled": true})
}

func (h *Host) giveToken(w http.ResponseWriter, r *http.Request) error {
	role := auth.Role(r.URL.Query().Get("role"))
	if role != auth.RoleTeam && role != auth.RoleAdmin {
		var faults fault.Fields
		faults.Add("query.role", "Indiquez « team » ou « admin ».")
		return faults.Err()
	}
	token, err := h.issuer.token(role, h.clock.Now())
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]any{
		"access_token": token, "token_type": "Bearer", "expires_in": int(tokenFor / time.Second),
	})
}

func (h *Host) givePartner(w http.ResponseWriter, r *http.Request) error {
	partner := r.PathValue("partner")
	if _, known := alliance.PartnerNamed(partner); !known {
		return fault.New(fault.NotFound, "unknown-partner", "Ce partenaire n’existe pas.")
	}
	secret, err := h.secrets.read(r.Context(), function.PartnerSecret(partner))
	if err != nil {
		return err
	}
	// While one replaces another both are kept, the newer first.
	return web.JSON(w, http.StatusOK, map[string]string{"secret": strings.Fields(string(secret))[0]})
}

// invokeNow hands a payload to a function as AWS would, and its answer back.
func (h *Host) invokeNow(w http.ResponseWriter, r *http.Request) error {
	u, found := h.unit(r.PathValue("function"))
	if !found {
		return fault.New(fault.NotFound, "unknown-function", "Aucune fonction de ce nom n’est déclarée.")
	}
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, gateway.MaxRequest))
	if err != nil {
		return fault.New(fault.TooLarge, "request-too-large", "La demande dépasse 10 Mio.")
	}
	out, err := h.invoke(r.Context(), u, payload)
	if err != nil {
		return err
	}
	return web.Raw(w, http.StatusOK, "application/json", out)
}
