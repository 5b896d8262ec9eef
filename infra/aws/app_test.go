package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// TestADeclarationIsAllThatItTakes adds a route, a schedule, a stream and a
// table to declarations, and looks at what the templates gain by it.
func TestADeclarationIsAllThatItTakes(t *testing.T) {
	less, more := everything(), everything()
	more.Routes = append(more.Routes, route(http.MethodPut, "/v1/added", function.Public))
	more.Schedules = append(more.Schedules, function.Schedule[service]{Name: "added", Purpose: "New.", When: function.Yearly(1, 15, 6, 0)})
	more.Streams = append(more.Streams, function.Stream[service]{Table: "Added"})
	tables := append(slices.Clone(function.Definitions), function.Definition{Table: "Added", Stream: true, Durable: true})

	before, err := synthesise(nil, []*function.Function{function.Define(less)}, function.Definitions)
	if err != nil {
		t.Fatal(err)
	}
	after, err := synthesise(nil, []*function.Function{function.Define(more)}, tables)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "gained by the application", gained(before.application, after.application), []string{
		"AWS::ApiGatewayV2::Route ANY /v1/added",
		"AWS::Scheduler::Schedule everything-added",
		"AWS::Lambda::EventSourceMapping",
		"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Alarm", // of the table
	})
	same(t, "gained by the data", gained(before.data, after.data), []string{"AWS::DynamoDB::GlobalTable Added"})

	// Without a domain, too, there is an address, and a word on mails.
	environment := at(after.application.of("AWS::Lambda::Function")["fabrique-everything"].Properties, "Environment", "Variables")
	if got := after.plain(at(environment, "PUBLIC_URL")); got != "${fabrique.ApiEndpoint}" {
		t.Errorf("PUBLIC_URL without a domain: %s", got)
	}
	for _, kind := range []string{"AWS::SES::EmailIdentity", "AWS::ApiGatewayV2::DomainName", "AWS::SNS::Subscription"} {
		if found := after.application.of(kind); len(found) > 0 {
			t.Errorf("%s without context", kind)
		}
	}
	if len(after.errors) > 0 || !strings.Contains(strings.Join(after.warnings, ""), "no mail will leave") {
		t.Errorf("errors %v, warnings %v", after.errors, after.warnings)
	}
}

func TestACrowdedStreamIsToldOf(t *testing.T) {
	var readers []*function.Function
	for _, name := range []string{"one", "two", "three"} {
		spec := everything()
		spec.Name = name
		readers = append(readers, function.Define(spec))
	}
	for count, crowded := range map[int]bool{2: false, 3: true} {
		a, err := synthesise(nil, readers[:count], function.Definitions)
		if err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(strings.Join(a.warnings, ""), "read the stream of Ledger"); told != crowded {
			t.Errorf("%d readers: warnings %v", count, a.warnings)
		}
	}
}

func gained(before, after template) []string {
	var all []string
	for id, r := range after.Resources {
		if _, was := before.Resources[id]; was {
			continue
		}
		if name := after.name(id); name != id {
			r.Type += " " + name
		}
		all = append(all, r.Type)
	}
	return all
}

// TestChecksPass runs what cdk-nag's AwsSolutions pack found, and reads why
// each of its rules was set aside.
func TestChecksPass(t *testing.T) {
	a := synth(t)
	if len(a.errors) > 0 {
		t.Errorf("errors:\n%s", strings.Join(a.errors, "\n"))
	}
	accepted := 0
	for _, stack := range []template{a.data, a.application} {
		for id, r := range stack.Resources {
			for _, s := range r.Metadata.Nag.Suppressed {
				accepted++
				if !slices.Contains(a.setAside, s.Reason) {
					t.Errorf("%s sets %s aside, which finds nothing", id, s.ID)
				}
				if words := len(strings.Fields(s.Reason)); s.ID == "" || words < 8 || !strings.HasSuffix(s.Reason, ".") {
					t.Errorf("%s sets %q aside without a sentence: %q", id, s.ID, s.Reason)
				}
			}
		}
	}
	if accepted == 0 {
		t.Error("no suppression was found: this test reads the wrong place")
	}
}

// TestAlarmsAreHeard looks for an alarm on each thing that can fail unseen.
func TestAlarmsAreHeard(t *testing.T) {
	a := synth(t)
	var names []string
	for _, alarm := range a.application.of("AWS::CloudWatch::Alarm") {
		name := alarm.Properties["AlarmName"].(string)
		names = append(names, name)
		if actions, _ := alarm.Properties["AlarmActions"].([]any); len(actions) != 1 {
			t.Errorf("%s tells nobody", name)
		}
	}
	want := []string{"fabrique-api-faults", "fabrique-schedules-dropped", "fabrique-mail-bounces", "fabrique-mail-complaints"}
	for _, f := range list() {
		want = append(want, "fabrique-"+f.Name+"-errors", "fabrique-"+f.Name+"-throttles")
		if len(f.Streams) > 0 {
			want = append(want, "fabrique-"+f.Name+"-streams-late")
		}
		if len(f.Streams)+len(f.Schedules)+len(f.Notices) > 0 {
			want = append(want, "fabrique-"+f.Name+"-dead-letters")
		}
	}
	for _, d := range function.Definitions {
		want = append(want, "fabrique-table-"+string(d.Table)+"-throttles", "fabrique-table-"+string(d.Table)+"-faults")
	}
	same(t, "alarms", names, want)
	for _, policy := range a.application.of("AWS::SNS::TopicPolicy") {
		statements, _ := at(policy.Properties, "PolicyDocument", "Statement").([]any)
		if len(statements) != 2 || a.plain(at(statements[1], "Condition", "ArnLike", "aws:SourceArn")) !=
			"arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:fabrique-*" {
			t.Errorf("who may speak to the topic: %v", statements)
		}
	}
	for _, topic := range a.application.of("AWS::SNS::Topic") {
		if topic.Properties["KmsMasterKeyId"] == nil {
			t.Error("alarms travel in the clear")
		}
	}
}

func TestMailNewsReachesTheEventBus(t *testing.T) {
	a := synth(t)
	destinations := a.application.of("AWS::SES::ConfigurationSetEventDestination")
	if len(destinations) != 1 {
		t.Fatalf("%d destinations", len(destinations))
	}
	for _, d := range destinations {
		bus := a.plain(at(d.Properties, "EventDestination", "EventBridgeDestination", "EventBusArn"))
		if bus != "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default" {
			t.Errorf("bus %s", bus)
		}
	}
	for _, identity := range a.application.of("AWS::SES::EmailIdentity") {
		if set := a.plain(at(identity.Properties, "ConfigurationSetAttributes", "ConfigurationSetName")); set != "${fabrique}" {
			t.Errorf("the identity's configuration set is %s", set)
		}
	}
}

func TestWhatCannotBeDeployedIsRefused(t *testing.T) {
	halfDomain := map[string]any{"domain": "alliance.example.org"}
	if _, err := synthesise(halfDomain, nil, nil); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a domain without a certificate: %v", err)
	}
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(t.TempDir())})
	unbuilt := platform{Functions: []*function.Function{little}, Binaries: t.TempDir()}
	if _, err := unbuilt.build(app); err == nil || !strings.Contains(err.Error(), "make build") {
		t.Errorf("a function that is not built: %v", err)
	}
}

// TestNoFunctionIsNamed reads this app's own source.
func TestNoFunctionIsNamed(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range functions.All {
			if regexp.MustCompile(`"` + f.Name + `\b`).Match(source) {
				t.Errorf("%s names the function %s", file, f.Name)
			}
		}
	}
}
