// Package fault names what can go wrong so that every caller can answer it
// truthfully: a kind (which becomes an HTTP status), a stable code for
// programs, a French sentence for people, and the fields at fault.
//
// Anything that is not a *fault.Error is unexpected: it is logged with the
// request id and shown without its internals (see package web).
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind is the family of a fault. Package web maps each kind to one status.
type Kind int

// The kinds, each with the HTTP status that it becomes.
const (
	Malformed       Kind = iota + 1 // 400: the request cannot be read
	Unauthenticated                 // 401: no token, or a bad one
	Forbidden                       // 403: known, but not allowed
	NotFound                        // 404
	NotAllowed                      // 405: this path has no such method
	Conflict                        // 409: the state does not allow it
	Gone                            // 410: it was there, or the link has expired
	Stale                           // 412: someone else changed it first
	TooLarge                        // 413: over the limit of a body
	WrongType                       // 415: not a content type that is read here
	Invalid                         // 422: readable, with faults in fields
	TooMany                         // 429: slow down
	Unavailable                     // 503: a dependency is down, try again
)

// Field is one fault of one field. Location is the path inside the body or
// the query, dots between names: "person.email".
type Field struct {
	Location string
	Message  string // French, says what to do
}

// Error is an expected fault.
type Error struct {
	Kind       Kind
	Code       string        // English, stable: "already-booked"
	Detail     string        // French, for a person
	Fields     []Field       // only with Invalid
	RetryAfter time.Duration // only with TooMany and Unavailable
	Allow      string        // only with NotAllowed: the methods that exist
	// Challenge is the scheme that is asked for, only with Unauthenticated;
	// empty for a bearer token.
	Challenge string
	// Suggestions are what was perhaps meant by something unknown.
	Suggestions []Suggestion
}

// Suggestion is something that exists, by its code and its name.
type Suggestion struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// Error says the code and the fields at fault, never what was typed in them.
func (e *Error) Error() string {
	if len(e.Fields) == 0 {
		return e.Code
	}
	locations := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		locations[i] = f.Location
	}
	return fmt.Sprintf("%s %v", e.Code, locations)
}

// New returns a fault of this kind. detail is a French sentence.
func New(kind Kind, code, detail string) *Error {
	return &Error{Kind: kind, Code: code, Detail: detail}
}

// As returns err as a fault, or nil when it is not one.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// Is tells whether err is a fault with this code.
func Is(err error, code string) bool {
	e := As(err)
	return e != nil && e.Code == code
}

// Fields collects the faults of an input, so that a person sees all of them
// at once. The first fault of a field is kept: later rules often follow from it.
type Fields []Field

// Add notes a fault of the field at location.
func (f *Fields) Add(location, message string) {
	if !f.Has(location) {
		*f = append(*f, Field{location, message})
	}
}

// Has tells whether the field at location has a fault already.
func (f Fields) Has(location string) bool {
	for _, field := range f {
		if field.Location == location {
			return true
		}
	}
	return false
}

// Err returns nil when no fault was noted, else an Invalid *Error with all.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	detail := "Un champ est à corriger."
	if len(f) > 1 {
		detail = fmt.Sprintf("%d champs sont à corriger.", len(f))
	}
	return &Error{Kind: Invalid, Code: "invalid-input", Detail: detail, Fields: f}
}
