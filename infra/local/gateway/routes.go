// Package gateway does on a laptop what API Gateway does on AWS: it finds the
// function that declares a route, makes the event that this function gets and
// turns its answer into an HTTP response.
package gateway

import (
	"fmt"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// Route is a declared path and the function that answers it.
type Route struct {
	Function *function.Function
	// Key is the route as API Gateway names it: "ANY /v1/territories/{code}", or "$default".
	Key      string
	segments []string
}

// Routes are all routes of some functions.
type Routes struct {
	list     []Route
	fallback *Route // whatever no other route takes
}

// NewRoutes collects the routes of functions. It returns an error when two
// functions declare the same one, which API Gateway would refuse too.
func NewRoutes(functions []*function.Function) (*Routes, error) {
	routes := &Routes{}
	owner := map[string]string{}
	for _, f := range functions {
		for _, declared := range f.Paths() {
			if declared.Path == function.Default {
				if routes.fallback != nil {
					return nil, fmt.Errorf("functions %s and %s both answer %s", routes.fallback.Function.Name, f.Name, function.Default)
				}
				routes.fallback = &Route{Function: f, Key: function.Default}
				continue
			}
			key := declared.Key()
			if other, taken := owner[key]; taken {
				return nil, fmt.Errorf("functions %s and %s both answer %s", other, f.Name, key)
			}
			owner[key] = f.Name
			routes.list = append(routes.list, Route{f, key, segments(declared.Path)})
		}
	}
	return routes, nil
}

func segments(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

// Match is the route that answers: the most exact of those that fit, else
// $default, as API Gateway chooses
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html).
// found is false when no function takes such a request.
func (r *Routes) Match(path string) (route Route, parameters map[string]string, found bool) {
	asked := segments(path)
	best := -1
	for _, candidate := range r.list {
		values, exact, fits := fit(candidate.segments, asked)
		if fits && exact > best {
			route, parameters, found, best = candidate, values, true, exact
		}
	}
	if !found && r.fallback != nil {
		return *r.fallback, nil, true
	}
	return route, parameters, found
}

// fit compares segment by segment; exact weighs literal segments, the first
// ones most.
func fit(declared, asked []string) (values map[string]string, exact int, fits bool) {
	if len(declared) != len(asked) {
		return nil, 0, false
	}
	for i, segment := range declared {
		exact *= 2
		name, isParameter := parameter(segment)
		switch {
		case isParameter && asked[i] != "":
			if values == nil {
				values = map[string]string{}
			}
			values[name] = asked[i]
		case segment == asked[i]:
			exact++
		default:
			return nil, 0, false
		}
	}
	return values, exact, true
}

func parameter(segment string) (name string, ok bool) {
	if strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") {
		return segment[1 : len(segment)-1], true
	}
	return "", false
}
