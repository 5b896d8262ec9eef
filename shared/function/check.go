package function

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// What Lambda takes (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
const (
	leastMemory = 128 // MiB
	mostMemory  = 10_240
	mostTime    = 15 * time.Minute
)

// methods are those that a route may have.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// check returns the first contradiction of a declaration.
func (f *Function) check() error {
	if f.Name == "" || f.Purpose == "" {
		return fmt.Errorf("it has no name or no purpose")
	}
	if f.Memory < leastMemory || f.Memory > mostMemory || f.Timeout <= 0 || f.Timeout > mostTime {
		return fmt.Errorf("%d MiB or %s is not what Lambda gives", f.Memory, f.Timeout)
	}
	for _, check := range []func() error{f.checkNames, f.checkRoutes, f.checkSchedules, f.checkEvents} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkNames: nothing is declared twice or without a name.
func (f *Function) checkNames() error {
	seen := map[string]bool{}
	once := func(what, name string) error {
		if name == "" || seen[what+name] {
			return fmt.Errorf("%s %q is empty or declared twice", what, name)
		}
		seen[what+name] = true
		return nil
	}
	var err error
	for _, s := range f.Schedules {
		err = firstOf(err, once("schedule", s.Name))
	}
	for _, s := range f.Streams {
		err = firstOf(err, once("stream", string(s.Table)))
	}
	for _, n := range f.Notices {
		err = firstOf(err, once("notice", n.Name))
	}
	for _, u := range f.Tables {
		err = firstOf(err, once("table", string(u.Table)))
	}
	for _, s := range f.Settings {
		err = firstOf(err, once("setting", s.Name))
	}
	for _, s := range f.Rotates {
		if !slices.Contains(f.Secrets, s) {
			err = firstOf(err, fmt.Errorf("secret %s is changed and not declared", s))
		}
	}
	return err
}

func firstOf(err, next error) error {
	if err != nil {
		return err
	}
	return next
}

// checkRoutes: who may call each is said, and the router can tell them apart.
func (f *Function) checkRoutes() (err error) {
	defer func() {
		if reason := recover(); reason != nil { // how http.ServeMux refuses a pattern
			err = fmt.Errorf("%v", reason)
		}
	}()
	mux := http.NewServeMux()
	for _, r := range f.Routes {
		switch {
		case r.Access < Public || r.Access > PublicOrTeam || r.Doc.Summary == "":
			return fmt.Errorf("route %s says neither who may call it nor what it does", r.Pattern())
		case r.Path != Default && (!slices.Contains(methods, r.Method) || !strings.HasPrefix(r.Path, "/")):
			return fmt.Errorf("route %s has no such method, or no path", r.Pattern())
		}
	}
	for _, p := range f.Paths() {
		mux.Handle(p.muxPattern(), http.NotFoundHandler())
		slices.Sort(p.Methods)
		if unique := slices.Compact(slices.Clone(p.Methods)); len(unique) < len(p.Methods) {
			return fmt.Errorf("%s answers a method twice", p.Path)
		}
	}
	return nil
}

func (f *Function) checkSchedules() error {
	for _, s := range f.Schedules {
		if err := s.When.check(); err != nil {
			return fmt.Errorf("schedule %s: %w", s.Name, err)
		}
	}
	return nil
}

// checkEvents: filters are of keys, notices say what they are of, and rights exist.
func (f *Function) checkEvents() error {
	for _, s := range f.Streams {
		for _, p := range s.Prefixes {
			if p.Prefix == "" || p.Attribute != "pk" && p.Attribute != "sk" {
				return fmt.Errorf("stream %s: %+v is no beginning of a key", s.Table, p)
			}
		}
	}
	for _, n := range f.Notices {
		if n.Source == "" || len(n.DetailTypes) == 0 || slices.Contains(n.DetailTypes, "") {
			return fmt.Errorf("notice %s would get every event of the account", n.Name)
		}
	}
	for _, u := range f.Tables {
		if u.Right < Read || u.Right > Count {
			return fmt.Errorf("table %s: right %d is not defined", u.Table, u.Right)
		}
	}
	return nil
}

// complete returns an error when something that is declared has no code to run.
func (spec Spec[S]) complete() error {
	if spec.Open == nil {
		return fmt.Errorf("function %s: it cannot be opened", spec.Name)
	}
	for _, r := range spec.Routes {
		if r.Handle == nil {
			return fmt.Errorf("function %s: nothing answers %s %s", spec.Name, r.Method, r.Path)
		}
	}
	for _, s := range spec.Schedules {
		if s.Run == nil {
			return fmt.Errorf("function %s: nothing runs at %s", spec.Name, s.Name)
		}
	}
	for _, s := range spec.Streams {
		if s.Consume == nil {
			return fmt.Errorf("function %s: nothing consumes the changes of %s", spec.Name, s.Table)
		}
	}
	for _, n := range spec.Notices {
		if n.Receive == nil {
			return fmt.Errorf("function %s: nothing receives %s", spec.Name, n.Name)
		}
	}
	return nil
}
