package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

type service struct{}

func answer(*service, http.ResponseWriter, *http.Request) error { return nil }

func route(method, path string, access function.Access) function.Route[service] {
	return function.Route[service]{Method: method, Path: path, Access: access, Doc: function.Doc{Summary: "A test."}, Handle: answer}
}

// everything declares something of every kind. No file of the CDK app knows it.
func everything() function.Spec[service] {
	return function.Spec[service]{
		Name: "everything", Purpose: "Declares something of every kind.", Memory: 384, Timeout: 45 * time.Second,
		Tables:           []function.Use{{Table: function.Allies, Right: function.Read}, {Table: function.Mails, Right: function.ReadWrite}, {Table: function.Ledger, Right: function.Append}},
		Secrets:          []function.Secret{function.LinkKey},
		Buckets:          []function.Bucket{function.Media},
		Settings:         []function.Setting{function.PublicURL, {Name: "MODE", Default: "calm"}, {Name: "CHOSEN", Default: "no"}, {Name: "EMPTY"}},
		SendsMail:        true,
		MindsDeadLetters: true,
		Routes: []function.Route[service]{
			route(http.MethodGet, "/v1/everything/{id}", function.Public),
			route(http.MethodGet, "/everything/{rest...}", function.Public),
			route(http.MethodPost, "/v1/everything", function.Public), // counted in Limits under the identity key
			route(http.MethodDelete, "/v1/everything/{id}", function.Team),
		},
		Schedules: []function.Schedule[service]{
			{Name: "nightly", Purpose: "Runs at night.", When: function.Daily(3, 5)},
			{Name: "often", Purpose: "Runs often.", When: function.Every(5 * time.Minute)},
		},
		Streams: []function.Stream[service]{
			{Table: function.Allies, Prefixes: []function.KeyPrefix{{Attribute: "sk", Prefix: "MAIL#"}, {Attribute: "pk", Prefix: "PERSON#"}, {Attribute: "sk", Prefix: "ERASURE"}}},
			{Table: function.Ledger},
		},
		Notices: []function.Notice[service]{{Name: "mail-news", Source: "aws.ses", DetailTypes: []string{"Email Bounced", "Email Complaint Received"}}},
	}
}

// little declares one route, which needs nothing.
var little = function.Define(function.Spec[service]{
	Name: "little", Purpose: "Answers.", Memory: 128, Timeout: 5 * time.Second,
	Routes: []function.Route[service]{route(http.MethodGet, "/v1/little", function.Public)},
})

// assembly is what a synthesis gave.
type assembly struct {
	data, application template
	errors, warnings  []string
	setAside          []string // reasons for which cdk-nag did set a finding aside
}

type template struct {
	Resources map[string]resource
	Outputs   map[string]struct {
		Value  any
		Export struct{ Name string }
	}
}

type resource struct {
	Type           string
	Properties     map[string]any
	DeletionPolicy string
	Metadata       struct {
		Nag struct {
			Suppressed []struct{ ID, Reason string } `json:"rules_to_suppress"`
		} `json:"cdk_nag"`
	}
}

// synthesise runs the app over functions whose binaries are placeholders.
func synthesise(context map[string]any, list []*function.Function, tables []function.Definition) (assembly, error) {
	folder, err := os.MkdirTemp("", "synth")
	if err != nil {
		return assembly{}, err
	}
	defer os.RemoveAll(folder)
	for _, f := range list {
		if err := os.MkdirAll(filepath.Join(folder, "lambda", f.Name), 0o755); err != nil {
			return assembly{}, err
		}
		if err := os.WriteFile(filepath.Join(folder, "lambda", f.Name, "bootstrap"), []byte(f.Name), 0o755); err != nil {
			return assembly{}, err
		}
	}
	app := awscdk.NewApp(&awscdk.AppProps{
		Outdir: jsii.String(filepath.Join(folder, "out")), Context: &context, AnalyticsReporting: jsii.Bool(false),
	})
	made, err := platform{list, tables, filepath.Join(folder, "lambda")}.build(app)
	if err != nil {
		return assembly{}, err
	}
	app.Synth(nil)
	var a assembly
	for stack, out := range map[awscdk.Stack]*template{made.Data: &a.data, made.Application: &a.application} {
		assertions.Template_FromStack(stack, nil) // panics on a circle of dependencies
		found := assertions.Annotations_FromStack(stack)
		for _, m := range *found.FindError(jsii.String("*"), assertions.Match_AnyValue()) {
			a.errors = append(a.errors, fmt.Sprint(*m.Id, " ", m.Entry.Data))
		}
		for _, m := range *found.FindWarning(jsii.String("*"), assertions.Match_AnyValue()) {
			a.warnings = append(a.warnings, fmt.Sprint(*m.Id, " ", m.Entry.Data))
		}
		content, err := os.ReadFile(filepath.Join(folder, "out", *stack.TemplateFile()))
		if err != nil {
			return assembly{}, err
		}
		if err := json.Unmarshal(content, out); err != nil {
			return assembly{}, err
		}
		report, err := readCSV(filepath.Join(folder, "out", "AwsSolutions--"+*stack.StackName()+"-NagReport.csv"))
		if err != nil {
			return assembly{}, err
		}
		for _, line := range report {
			if compliance, reason := line[2], line[3]; compliance == "Suppressed" {
				a.setAside = append(a.setAside, reason)
			}
		}
	}
	return a, nil
}

func readCSV(path string) ([][]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return csv.NewReader(file).ReadAll()
}

// list is what most tests synthesise: the real functions and the tests' own.
func list() []*function.Function {
	return append(slices.Clone(functions.All), function.Define(everything()), little)
}

// deployed is the one synthesis that most tests look at, as with a domain.
var deployed = sync.OnceValues(func() (assembly, error) {
	return synthesise(map[string]any{
		"domain": "alliance.example.org", "certificate": "arn:aws:acm:eu-west-3:123456789012:certificate/1",
		"alarmEmail": "equipe@example.org", "CHOSEN": "yes",
	}, list(), function.Definitions)
})

func synth(t *testing.T) assembly {
	t.Helper()
	a, err := deployed()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// of lists the resources of a type, by physical name or logical id.
func (t template) of(kind string) map[string]resource {
	found := map[string]resource{}
	for id, r := range t.Resources {
		if r.Type == kind {
			found[t.name(id)] = r
		}
	}
	return found
}

// name is what operators call a resource: its physical name when it has one.
func (t template) name(id string) string {
	for _, key := range []string{"TableName", "FunctionName", "QueueName", "LogGroupName", "RouteKey"} {
		if name, ok := t.Resources[id].Properties[key].(string); ok {
			return name
		}
	}
	if name, ok := t.Resources[id].Properties["Name"].(string); ok {
		return name
	}
	return id
}

// plain writes a value of the application's template as text, "${NAME.Attribute}"
// for what is only known once deployed, imports from the data stack resolved.
func (a assembly) plain(value any) string { return a.resolve(a.application, value) }

func (a assembly) resolve(in template, value any) string {
	switch v := value.(type) {
	case string:
		return v
	case map[string]any:
		for intrinsic, argument := range v {
			switch intrinsic {
			case "Ref":
				return "${" + in.name(argument.(string)) + "}"
			case "Fn::GetAtt":
				parts := argument.([]any)
				return "${" + in.name(parts[0].(string)) + "." + parts[1].(string) + "}"
			case "Fn::Join":
				var text strings.Builder
				for _, part := range argument.([]any)[1].([]any) {
					text.WriteString(a.resolve(in, part))
				}
				return text.String()
			case "Fn::ImportValue":
				return a.imported(argument.(string))
			}
		}
	}
	text, _ := json.Marshal(value)
	return string(text)
}

func (a assembly) imported(export string) string {
	for _, output := range a.data.Outputs {
		if output.Export.Name == export {
			return a.resolve(a.data, output.Value)
		}
	}
	return "import of nothing: " + export
}

// at follows keys through maps and lists of one element.
func at(value any, keys ...string) any {
	for _, key := range keys {
		if list, ok := value.([]any); ok && len(list) == 1 {
			value = list[0]
		}
		m, _ := value.(map[string]any)
		value = m[key]
	}
	return value
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// same reports a difference between sets, each sorted and printed.
func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}
