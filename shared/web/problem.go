package web

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// Problem is the body of every fault of the API (RFC 9457), with a stable
// code and all the fields at fault.
type Problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail" doc:"In French, for a person"`
	Code      string         `json:"code" doc:"In English, stable, for a program"`
	RequestID string         `json:"request_id,omitempty" doc:"To quote when you ask for help"`
	Errors    []ProblemField `json:"errors,omitempty"`
	// Suggestions are what was perhaps meant.
	Suggestions []fault.Suggestion `json:"suggestions,omitempty"`
}

// ProblemField is one fault of one field.
type ProblemField struct {
	Location string `json:"location" doc:"Where: body.person.email, query.limit"`
	Message  string `json:"message" doc:"In French: what to do"`
}

// ProblemType is the media type of Problem.
const ProblemType = "application/problem+json"

var unexpected = &fault.Error{Code: "internal",
	Detail: "Une erreur inattendue s’est produite de notre côté. Rien n’a été perdu ; réessayez dans un instant."}

var statuses = map[fault.Kind]int{
	fault.Malformed: http.StatusBadRequest, fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden: http.StatusForbidden, fault.NotFound: http.StatusNotFound,
	fault.NotAllowed: http.StatusMethodNotAllowed, fault.Conflict: http.StatusConflict,
	fault.Gone: http.StatusGone, fault.Stale: http.StatusPreconditionFailed,
	fault.TooLarge: http.StatusRequestEntityTooLarge, fault.WrongType: http.StatusUnsupportedMediaType,
	fault.Invalid: http.StatusUnprocessableEntity, fault.TooMany: http.StatusTooManyRequests,
	fault.Unavailable: http.StatusServiceUnavailable,
}

// Status is the HTTP status of a fault; 500 for what is not of a known kind.
func Status(f *fault.Error) int {
	if status, ok := statuses[f.Kind]; ok {
		return status
	}
	return http.StatusInternalServerError
}

func setFaultHeaders(w http.ResponseWriter, f *fault.Error) {
	switch f.Kind {
	case fault.Unauthenticated:
		w.Header().Set("WWW-Authenticate", cmp.Or(f.Challenge, "Bearer"))
	case fault.NotAllowed:
		w.Header().Set("Allow", f.Allow)
	}
	if f.RetryAfter > 0 {
		seconds := int((f.RetryAfter + time.Second - 1) / time.Second)
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
}

func writeProblem(w http.ResponseWriter, r *http.Request, f *fault.Error) {
	status := Status(f)
	problem := Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: f.Detail, Code: f.Code, RequestID: RequestID(r.Context()),
		Suggestions: f.Suggestions,
	}
	for _, field := range f.Fields {
		problem.Errors = append(problem.Errors, ProblemField{location(field.Location), field.Message})
	}
	body, err := json.Marshal(problem)
	if err != nil { // strings and numbers only: cannot happen
		panic(err)
	}
	_ = Raw(w, status, ProblemType, body) // the client is gone if this fails
}

// location says that a field is in the body, where most are.
func location(field string) string {
	if strings.HasPrefix(field, "query.") || strings.HasPrefix(field, "path.") || strings.HasPrefix(field, "header.") {
		return field
	}
	if field == "" {
		return "body"
	}
	return "body." + field
}
