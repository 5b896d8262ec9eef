package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// codeStatuses are the statuses of the codes that routes declare as their own.
var codeStatuses = map[string]int{
	"invalid-token":          http.StatusUnauthorized,
	"expired-token":          http.StatusGone,
	"unsubscribed-by-choice": http.StatusConflict,
	"export-too-large":       http.StatusRequestEntityTooLarge,

	"unknown-session":         http.StatusNotFound,
	"unknown-booking":         http.StatusNotFound,
	"other-booking":           http.StatusForbidden,
	"not-attended":            http.StatusForbidden,
	"session-closed":          http.StatusConflict,
	"session-not-begun":       http.StatusConflict,
	"capacity-below-bookings": http.StatusConflict,
	"changed-meanwhile":       http.StatusConflict,
	"already-booked":          http.StatusConflict,
	"feedback-given":          http.StatusConflict,
	"series-exists":           http.StatusConflict,
	"unknown-series":          http.StatusNotFound,

	"invalid-signature": http.StatusUnauthorized,
	"webhook-id-reused": http.StatusConflict,

	"unknown-cohort":         http.StatusNotFound,
	"unknown-application":    http.StatusNotFound,
	"other-application":      http.StatusForbidden,
	"not-a-member":           http.StatusForbidden,
	"member-replaced":        http.StatusGone,
	"cohort-exists":          http.StatusConflict,
	"cohort-closed":          http.StatusConflict,
	"cohort-full":            http.StatusConflict,
	"seats-below-accepted":   http.StatusConflict,
	"already-applied":        http.StatusConflict,
	"application-decided":    http.StatusConflict,
	"application-incomplete": http.StatusConflict,
	"application-withdrawn":  http.StatusConflict,
	"application-declined":   http.StatusConflict,
	"application-lapsed":     http.StatusConflict,
	"cohort-ended":           http.StatusConflict,
	"asked-already":          http.StatusConflict,
	"asked-enough":           http.StatusConflict,
	"reminded-already":       http.StatusConflict,

	"unknown-resource":   http.StatusNotFound,
	"resource-withdrawn": http.StatusGone,
	"resource-exists":    http.StatusConflict,
	"unknown-media":      http.StatusNotFound,
	"media-awaited":      http.StatusConflict,
	"media-finished":     http.StatusConflict,
	"media-refused":      http.StatusUnprocessableEntity,

	"unknown-year":    http.StatusNotFound,
	"unknown-format":  http.StatusNotFound,
	"unknown-figure":  http.StatusNotFound,
	"year-not-over":   http.StatusConflict,
	"year-not-closed": http.StatusConflict,
	"year-published":  http.StatusConflict,
	"figures-differ":  http.StatusConflict,
}

// meanings are what the statuses of faults mean, whatever the route.
var meanings = map[int]string{
	http.StatusBadRequest:            "The body is no valid JSON object",
	http.StatusUnauthorized:          "No token, or not a good one",
	http.StatusForbidden:             "The token does not open this right",
	http.StatusNotFound:              "What the path names does not exist",
	http.StatusConflict:              "The state does not allow it, or the same request is still running",
	http.StatusGone:                  "It was there, or the link has expired",
	http.StatusPreconditionFailed:    "Someone has changed it since what If-Match names was read; the errors tell what",
	http.StatusRequestEntityTooLarge: "The body is larger than 256 KiB, or the file that was asked for too large for one answer",
	http.StatusUnsupportedMediaType:  "The body has another media type than asked for",
	http.StatusUnprocessableEntity:   "The input has faults, all of which are listed",
	http.StatusTooManyRequests:       "Too many posts from this address",
}

// Names of the responses that are not for one status.
const (
	anyFault  = "Fault"
	faultPage = "FaultPage"
)

// faultStatuses are the statuses of the faults that a route's declaration
// lets it answer.
func faultStatuses(r function.RouteInfo) (statuses []int, err error) {
	if r.Doc.Body != nil {
		statuses = append(statuses, http.StatusBadRequest, http.StatusRequestEntityTooLarge,
			http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity)
	}
	if r.Doc.Query != nil {
		statuses = append(statuses, http.StatusUnprocessableEntity)
	}
	if r.Doc.Creates {
		statuses = append(statuses, http.StatusConflict, http.StatusUnprocessableEntity)
	}
	if r.Doc.Conditional {
		statuses = append(statuses, http.StatusPreconditionFailed)
	}
	if r.RateLimited() {
		statuses = append(statuses, http.StatusTooManyRequests)
	}
	switch r.Access {
	case function.Team, function.Admin, function.PublicOrTeam:
		statuses = append(statuses, http.StatusUnauthorized, http.StatusForbidden)
	case function.Mine: // all of it may be erased while the session lasts
		statuses = append(statuses, http.StatusUnauthorized, http.StatusNotFound)
	case function.Link, function.Provider, function.Partner:
		statuses = append(statuses, http.StatusUnauthorized)
	}
	if strings.Contains(r.Path, "{") {
		statuses = append(statuses, http.StatusNotFound)
	}
	for _, code := range r.Doc.Faults {
		status, known := codeStatuses[code]
		if !known {
			return nil, fmt.Errorf("the status of the fault %q is not known: add it to codeStatuses", code)
		}
		statuses = append(statuses, status)
	}
	return statuses, nil
}

// faults are a route's responses to faults, by status. Those of a page are
// pages, whatever the status.
func (d *document) faults(r function.RouteInfo) (map[string]*huma.Response, error) {
	statuses, err := faultStatuses(r)
	if err != nil {
		return nil, err
	}
	if r.Doc.Page {
		return map[string]*huma.Response{"default": responseRef(faultPage)}, nil
	}
	responses := map[string]*huma.Response{"default": responseRef(anyFault)}
	for _, status := range statuses {
		responses[strconv.Itoa(status)] = responseRef(responseName(status))
	}
	return responses, nil
}

// faultResponses are the components that the routes refer to.
func (d *document) faultResponses() map[string]*huma.Response {
	problem := map[string]*huma.MediaType{web.ProblemType: {Schema: d.schemas.of(web.Problem{})}}
	page := text("text/html")
	page[web.ProblemType] = problem[web.ProblemType]
	responses := map[string]*huma.Response{
		anyFault:  {Description: "An unexpected fault (500), or something is down for the moment (503)", Headers: retryAfter(), Content: problem},
		faultPage: {Description: "A French page that says what went wrong; a problem document for callers that do not accept text/html", Headers: retryAfter(), Content: page},
	}
	for status, meaning := range meanings {
		response := &huma.Response{Description: meaning, Content: problem}
		switch status {
		case http.StatusTooManyRequests:
			response.Headers = retryAfter()
		case http.StatusUnauthorized:
			response.Headers = map[string]*huma.Param{"WWW-Authenticate": {Schema: &huma.Schema{Type: huma.TypeString}}}
		}
		responses[responseName(status)] = response
	}
	return responses
}

func retryAfter() map[string]*huma.Param {
	return map[string]*huma.Param{"Retry-After": {Description: "Seconds to wait", Schema: &huma.Schema{Type: huma.TypeInteger}}}
}

func responseRef(name string) *huma.Response {
	return &huma.Response{Ref: "#/components/responses/" + name}
}

// responseName is the status in words: "NotFound".
func responseName(status int) string {
	return strings.ReplaceAll(http.StatusText(status), " ", "")
}
