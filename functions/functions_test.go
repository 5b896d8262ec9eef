package functions

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// list is some functions, declared by hand where a rule must be seen to fail.
type list []*function.Function

// rules are what must hold over all functions together, or of each. Each
// returns what breaks it, and comes with lists that do.
var rules = []struct {
	name   string
	check  func(list) []string
	broken []list
}{
	{"names are unique words", uniqueNames, []list{
		{{Name: "a"}, {Name: "a"}}, {{Name: "A b"}},
	}},
	{"no path has two functions", uniqueRoutes, []list{
		{routes("a", "GET /x"), routes("b", "GET /x")},
		{routes("a", "GET /x"), routes("b", "POST /x")},
		{routes("a", "GET /x/{id}"), routes("b", "GET /x/{slug}")},
		{routes("a", "GET $default"), routes("b", "POST $default")},
	}},
	{"something answers what no function takes", hasDefault, []list{{routes("a", "GET /x")}}},
	{"every route says what it is for, and calls are under /v1/", describedRoutes, []list{
		{{Name: "a", Routes: []function.RouteInfo{{Method: "GET", Path: "/v1/x"}}}},
		{{Name: "a", Routes: []function.RouteInfo{{Method: "GET", Path: "/v1/x", Doc: function.Doc{Summary: "X", Page: true}}}}},
		{{Name: "a", Routes: []function.RouteInfo{{Method: "POST", Path: "/x", Doc: function.Doc{Summary: "X"}}}}},
	}},
	{"schedules and notices have one function each", uniqueSchedules, []list{
		{{Name: "a", Schedules: []function.ScheduleInfo{{Name: "s"}}}, {Name: "b", Schedules: []function.ScheduleInfo{{Name: "s"}}}},
		{{Name: "a", Notices: []function.NoticeInfo{{Name: "s"}}}, {Name: "b", Notices: []function.NoticeInfo{{Name: "s"}}}},
	}},
	{"streams are of tables that have one, and of personal tables they name what they hear", streams, []list{
		{{Name: "a", Streams: []function.StreamInfo{{Table: function.Limits}}}},
		{{Name: "a", Streams: []function.StreamInfo{{Table: "Nothing"}}}},
		{{Name: "a", Streams: []function.StreamInfo{{Table: function.Allies}}}},
	}},
	{"a table has one function that writes it", oneWriter, []list{
		{uses("a", function.Allies, function.ReadWrite), uses("b", function.Allies, function.ReadWrite)},
		{uses("a", function.Ledger, function.ReadWrite)},
		{uses("a", function.Limits, function.ReadWrite)},
		{uses("a", function.Allies, function.Append)},
		{uses("a", function.Mails, function.Count)},
		{uses("a", "Nothing", function.Read)},
	}},
	{"who writes personal data erases it", erasers, []list{
		{uses("a", function.Allies, function.ReadWrite)},
		{uses("a", function.Mails, function.ReadWrite)},
	}},
	{"a person's export gathers from every personal table", exports, []list{
		{uses("registration", function.Allies, function.ReadWrite)},
		{uses("other", function.Mails, function.Read)},
	}},
	{"a setting has a purpose and means one thing", settings, []list{
		{{Name: "a", Settings: []function.Setting{{Name: "X"}}}},
		{{Name: "a", Settings: []function.Setting{{Name: "lower", Purpose: "p"}}}},
		{{Name: "a", Settings: []function.Setting{{Name: "X", Default: "1", Purpose: "p"}}}, {Name: "b", Settings: []function.Setting{{Name: "X", Default: "2", Purpose: "p"}}}},
	}},
	{"each starts on Lambda", lambdas, []list{{{Name: "nowhere"}}}},
}

func TestRules(t *testing.T) {
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			for _, fault := range rule.check(All) {
				t.Error(fault)
			}
			for _, broken := range rule.broken {
				if len(rule.check(broken)) == 0 {
					t.Errorf("passes with %+v", *broken[0])
				}
			}
		})
	}
}

func routes(name string, patterns ...string) *function.Function {
	f := &function.Function{Name: name}
	for _, pattern := range patterns {
		method, path, _ := strings.Cut(pattern, " ")
		f.Routes = append(f.Routes, function.RouteInfo{Method: method, Path: path})
	}
	return f
}

func uses(name string, table function.Table, right function.Right) *function.Function {
	return &function.Function{Name: name, Tables: []function.Use{{Table: table, Right: right}}}
}

// claims notes who has what, and says when two have the same.
type claims map[string]string

func (c claims) add(what, owner string) (faults []string) {
	if other, taken := c[what]; taken {
		faults = append(faults, fmt.Sprintf("%s and %s both have %s", other, owner, what))
	}
	c[what] = owner
	return faults
}

var word = regexp.MustCompile(`^[a-z]+$`)

func uniqueNames(all list) (faults []string) {
	taken := claims{}
	for _, f := range all {
		faults = append(faults, taken.add(f.Name, "a function")...)
		if !word.MatchString(f.Name) {
			faults = append(faults, f.Name+" is not one word, as its folder is")
		}
	}
	return faults
}

var variable = regexp.MustCompile(`\{[^}]*?(\.\.\.)?\}`)

func uniqueRoutes(all list) (faults []string) {
	taken := claims{}
	for _, f := range all {
		for _, p := range f.Paths() { // whatever the variables are called
			faults = append(faults, taken.add(variable.ReplaceAllString(p.Path, "{$1}"), f.Name)...)
		}
	}
	return faults
}

func hasDefault(all list) []string {
	for _, f := range all {
		for _, r := range f.Routes {
			if r.Path == function.Default {
				return nil
			}
		}
	}
	return []string{"an unknown path would be answered by the gateway, not by a problem document"}
}

func describedRoutes(all list) (faults []string) {
	for _, f := range all {
		for _, r := range f.Routes {
			call := strings.HasPrefix(r.Path, "/v1/")
			switch {
			case r.Doc.Summary == "" || len(r.Doc.Summary) > 120:
				faults = append(faults, r.Pattern()+" has no summary, or more than a line")
			case call && r.Doc.Page:
				faults = append(faults, r.Pattern()+" is a page among the calls")
			case !call && !r.Doc.Page && r.Method != http.MethodGet:
				faults = append(faults, r.Pattern()+" changes something and is neither a page nor a call")
			}
		}
	}
	return faults
}

func uniqueSchedules(all list) (faults []string) {
	schedules, notices := claims{}, claims{}
	for _, f := range all {
		for _, s := range f.Schedules {
			faults = append(faults, schedules.add(s.Name, f.Name)...)
		}
		for _, n := range f.Notices {
			faults = append(faults, notices.add(n.Name, f.Name)...)
		}
	}
	return faults
}

// streams: an image of an item carries all of it, and so a function that
// hears of a table of personal data must say of which items. It needs no
// right to the table itself.
func streams(all list) (faults []string) {
	for _, f := range all {
		for _, s := range f.Streams {
			definition, err := s.Table.Define()
			switch {
			case err != nil || !definition.Stream:
				faults = append(faults, fmt.Sprintf("%s hears of %s, which has no stream", f.Name, s.Table))
			case definition.Personal && len(s.Prefixes) == 0:
				faults = append(faults, fmt.Sprintf("%s hears of every change of %s", f.Name, s.Table))
			}
		}
	}
	return faults
}

func oneWriter(all list) (faults []string) {
	writers := claims{}
	for _, f := range all {
		for _, u := range f.Tables {
			if _, err := u.Table.Define(); err != nil {
				faults = append(faults, err.Error())
			}
			shared := u.Table == function.Ledger || u.Table == function.Audit || u.Table == function.Limits
			definition, _ := u.Table.Define()
			switch {
			case u.Right == function.ReadAppend && !definition.Personal && u.Table != function.Ledger && u.Table != function.Audit:
				faults = append(faults, fmt.Sprintf("%s may ask for erasures in %s, which holds nobody", f.Name, u.Table))
			case u.Right == function.ReadWrite && shared:
				faults = append(faults, fmt.Sprintf("%s may rewrite %s, which is everybody's", f.Name, u.Table))
			case u.Right == function.ReadWrite:
				faults = append(faults, writers.add(string(u.Table), f.Name)...)
			case u.Right == function.Append && u.Table != function.Ledger && u.Table != function.Audit, u.Right == function.Count && u.Table != function.Limits:
				faults = append(faults, fmt.Sprintf("%s writes %s without owning it", f.Name, u.Table))
			}
		}
	}
	return faults
}

func erasers(all list) (faults []string) {
	for _, f := range all {
		for _, u := range f.Tables {
			definition, _ := u.Table.Define()
			if definition.Personal && u.Right == function.ReadWrite && !f.Erases {
				faults = append(faults, fmt.Sprintf("%s writes %s and does not erase", f.Name, u.Table))
			}
		}
	}
	return faults
}

// exporter is the function that gives people what is held on them, and asks
// for their erasure.
const exporter = "registration"

func exports(all list) (faults []string) {
	for _, definition := range function.Definitions {
		read := func(u function.Use) bool {
			return u.Table == definition.Table && (u.Right == function.ReadAppend || u.Right == function.ReadWrite)
		}
		gathers := slices.ContainsFunc(all, func(f *function.Function) bool {
			return f.Name == exporter && slices.ContainsFunc(f.Tables, read)
		})
		if definition.Personal && !gathers {
			faults = append(faults, fmt.Sprintf("%s may not read %s and ask for erasures there", exporter, definition.Table))
		}
	}
	return faults
}

var variableName = regexp.MustCompile(`^[A-Z][A-Z0-9_]+$|^[A-Z]$`)

func settings(all list) (faults []string) {
	meanings := map[string]function.Setting{}
	for _, f := range all {
		for _, s := range f.Settings {
			if !variableName.MatchString(s.Name) || s.Purpose == "" {
				faults = append(faults, fmt.Sprintf("%s: setting %q has no purpose or is no environment variable", f.Name, s.Name))
			}
			if other, known := meanings[s.Name]; known && other != s {
				faults = append(faults, fmt.Sprintf("%s: setting %s is %+v elsewhere", f.Name, s.Name, other))
			}
			meanings[s.Name] = s
		}
	}
	return faults
}

func lambdas(all list) (faults []string) {
	for _, f := range all {
		main, err := os.ReadFile(filepath.Join(f.Name, "lambda", "main.go"))
		if err != nil || !strings.Contains(string(main), "lambdahost.Start("+f.Name+".Function)") {
			faults = append(faults, fmt.Sprintf("functions/%s/lambda/main.go does not start %s: %v", f.Name, f.Name, err))
		}
	}
	return faults
}

// Every folder is in the list: a function that is not runs nowhere.
func TestListIsWhole(t *testing.T) {
	folders, err := filepath.Glob("*/lambda/main.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		name, _, _ := strings.Cut(filepath.ToSlash(folder), "/")
		if !slices.ContainsFunc(All, func(f *function.Function) bool { return f.Name == name }) {
			t.Errorf("functions/%s is not in All", name)
		}
	}
}
