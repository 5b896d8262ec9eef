package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/lambdahost"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

func TestLambdasAreAsDeclared(t *testing.T) {
	lambdas := synth(t).application.of("AWS::Lambda::Function")
	if len(lambdas) != len(list()) {
		t.Errorf("%d functions, %d declared: %v", len(lambdas), len(list()), sortedKeys(lambdas))
	}
	for _, f := range list() {
		p := lambdas["fabrique-"+f.Name].Properties
		got := fmt.Sprint(p["Runtime"], p["Handler"], p["Architectures"], p["MemorySize"], p["Timeout"], p["ReservedConcurrentExecutions"])
		want := fmt.Sprint("provided.al2023", "bootstrap", []any{"arm64"}, float64(f.Memory), f.Timeout.Seconds(), nil)
		if got != want {
			t.Errorf("%s: got %s, want %s", f.Name, got, want)
		}
	}
}

func TestSettingsReachTheFunction(t *testing.T) {
	p := synth(t).application.of("AWS::Lambda::Function")["fabrique-everything"].Properties
	got, _ := at(p, "Environment", "Variables").(map[string]any)
	got = maps.Clone(got) // other tests read the same
	want := map[string]any{
		"PUBLIC_URL": "https://alliance.example.org", "MODE": "calm", "CHOSEN": "yes", // EMPTY stays out
		"RATE_LIMIT_PER_MINUTE": "30", "OIDC_AUDIENCE": "fabrique", "OIDC_ROLE_CLAIM": "groups",
	}
	delete(got, function.Media.Setting().Name)  // TestBucketsArePrivateAndKept looks at it
	delete(got, function.DeadLetterQueues.Name) // TestDeadLettersOfAllAreCounted looks at it
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestDeadLettersOfAllAreCounted: a function that counts them knows each queue
// there is, its own and those of functions made after it.
func TestDeadLettersOfAllAreCounted(t *testing.T) {
	a := synth(t)
	var counting []string
	for name, lambda := range a.application.of("AWS::Lambda::Function") {
		value := at(lambda.Properties, "Environment", "Variables", function.DeadLetterQueues.Name)
		if value == nil {
			continue
		}
		counting = append(counting, name)
		var want []string
		for queue := range a.application.of("AWS::SQS::Queue") {
			want = append(want, "${"+queue+"}")
		}
		same(t, "queues that "+name+" counts", strings.Fields(a.plain(value)), want)
	}
	same(t, "functions that count", counting, []string{"fabrique-everything", "fabrique-team"})
}

func TestLogsAreKeptForAWhile(t *testing.T) {
	logs := synth(t).application.of("AWS::Logs::LogGroup")
	for _, f := range list() {
		if r := logs["/aws/lambda/fabrique-"+f.Name]; r.Properties["RetentionInDays"] != float64(personal.LogDays) {
			t.Errorf("%s: retention %v", f.Name, r.Properties["RetentionInDays"])
		}
	}
}

// TestRoutesReachTheirFunction follows each route through its integration.
func TestRoutesReachTheirFunction(t *testing.T) {
	a := synth(t)
	var got, want []string
	for key, r := range a.application.of("AWS::ApiGatewayV2::Route") {
		target, _ := at(r.Properties, "Target", "Fn::Join").([]any)
		id := at(target[1].([]any)[1], "Ref").(string)
		integration := a.application.Resources[id].Properties
		if integration["PayloadFormatVersion"] != "2.0" || integration["TimeoutInMillis"].(float64) > 30000 {
			t.Errorf("%s: integration %v", key, integration)
		}
		got = append(got, key+" → "+a.plain(integration["IntegrationUri"]))
	}
	for _, f := range list() {
		paths := map[string]bool{}
		for _, r := range f.Routes {
			key := "ANY " + strings.ReplaceAll(r.Path, "{rest...}", "{rest+}")
			if r.Path == "$default" {
				key = "$default"
			}
			if !paths[key] {
				want = append(want, key+" → ${fabrique-"+f.Name+".Arn}")
			}
			paths[key] = true
		}
	}
	same(t, "routes", got, want)
}

func TestTheAPIIsThrottledAndLogged(t *testing.T) {
	a := synth(t)
	for _, stage := range a.application.of("AWS::ApiGatewayV2::Stage") {
		limits, _ := at(stage.Properties, "DefaultRouteSettings").(map[string]any)
		if limits["ThrottlingRateLimit"] != 100.0 || limits["ThrottlingBurstLimit"] != 200.0 {
			t.Errorf("limits %v", limits)
		}
		line := strings.NewReplacer("$context", "").Replace(at(stage.Properties, "AccessLogSettings", "Format").(string))
		if !json.Valid([]byte(line)) {
			t.Errorf("access log line is not JSON: %s", line)
		}
		for _, personal := range []string{"sourceIp", "path", "query", "userAgent", "authorizer"} {
			if strings.Contains(line, personal) {
				t.Errorf("access log holds %s", personal)
			}
		}
	}
	if mapped := a.application.of("AWS::ApiGatewayV2::DomainName"); len(mapped) != 1 {
		t.Errorf("%d domains", len(mapped))
	}
}

func TestSchedulesRunAsDeclared(t *testing.T) {
	a := synth(t)
	schedules := a.application.of("AWS::Scheduler::Schedule")
	declared := 0
	for _, f := range list() {
		for _, s := range f.Schedules {
			declared++
			p := schedules[f.Name+"-"+s.Name].Properties
			if p["ScheduleExpression"] != s.When.Expression() || p["ScheduleExpressionTimezone"] != "Europe/Paris" || at(p, "FlexibleTimeWindow", "Mode") != "OFF" {
				t.Errorf("%s: %v", s.Name, p)
			}
			var event lambdahost.ScheduleEvent
			input, _ := at(p, "Target", "Input").(string)
			input = strings.Replace(input, "<aws.scheduler.scheduled-time>", "2026-03-29T01:00:00Z", 1)
			if err := json.Unmarshal([]byte(input), &event); err != nil || event.Schedule != s.Name || event.Due.Year() != 2026 {
				t.Errorf("%s: input %s: %v", s.Name, input, err)
			}
			a.checkTarget(t, f, at(p, "Target"))
			same(t, "rights of the schedule's role", a.grants(a.roleOf(at(p, "Target", "RoleArn"))), []string{
				"lambda:InvokeFunction on ${fabrique-" + f.Name + ".Arn}",
				"sqs:SendMessage on ${fabrique-" + f.Name + "-dead-letters.Arn}",
			})
		}
	}
	if len(schedules) != declared {
		t.Errorf("%d schedules, %d declared", len(schedules), declared)
	}
}

// checkTarget looks at what a schedule or a rule starts, and at what becomes
// of a run that cannot start.
func (a assembly) checkTarget(t *testing.T, f *function.Function, target any) {
	t.Helper()
	attempts, _ := at(target, "RetryPolicy", "MaximumRetryAttempts").(float64)
	age, _ := at(target, "RetryPolicy", "MaximumEventAgeInSeconds").(float64)
	if attempts < 1 || attempts > 20 || age < 60 || age > 3600 {
		t.Errorf("%s: %v attempts in %v s", f.Name, attempts, age)
	}
	if got := a.plain(at(target, "Arn")); got != "${fabrique-"+f.Name+".Arn}" {
		t.Errorf("%s: starts %s", f.Name, got)
	}
	if got := a.plain(at(target, "DeadLetterConfig", "Arn")); got != "${fabrique-"+f.Name+"-dead-letters.Arn}" {
		t.Errorf("%s: dead letters to %s", f.Name, got)
	}
}

func TestNoticesReachTheirFunction(t *testing.T) {
	a := synth(t)
	rules := a.application.of("AWS::Events::Rule")
	for _, f := range list() {
		for _, n := range f.Notices {
			p := rules["fabrique-"+f.Name+"-"+n.Name].Properties
			if got := fmt.Sprint(at(p, "EventPattern", "source"), at(p, "EventPattern", "detail-type")); got != fmt.Sprint([]string{n.Source}, n.DetailTypes) {
				t.Errorf("%s: pattern %s", n.Name, got)
			}
			if targets, ok := p["Targets"].([]any); ok {
				a.checkTarget(t, f, targets[0])
			}
		}
	}
}

// TestUnattendedRunsEndInDeadLetters is about runs that start and fail: no
// schedule or rule hears of those, nor who runs a letter again.
func TestUnattendedRunsEndInDeadLetters(t *testing.T) {
	a := synth(t)
	retries := map[string]string{}
	for _, r := range a.application.of("AWS::Lambda::EventInvokeConfig") {
		retries[a.plain(r.Properties["FunctionName"])] = a.plain(at(r.Properties, "DestinationConfig", "OnFailure", "Destination"))
	}
	queues := a.application.of("AWS::SQS::Queue")
	for _, f := range list() {
		if len(f.Schedules)+len(f.Notices)+len(f.Streams) > 0 && retries["${fabrique-"+f.Name+"}"] != "${fabrique-"+f.Name+"-dead-letters.Arn}" {
			t.Errorf("%s: %v", f.Name, retries)
		}
	}
	for name, q := range queues {
		if q.Properties["SqsManagedSseEnabled"] != true || q.Properties["MessageRetentionPeriod"] != 14*24*3600.0 {
			t.Errorf("%s: %v", name, q.Properties)
		}
	}
}

func TestStreamsAreReadAsDeclared(t *testing.T) {
	a := synth(t)
	var got, want []string
	for _, m := range a.application.of("AWS::Lambda::EventSourceMapping") {
		p := m.Properties
		function := strings.Trim(a.plain(p["FunctionName"]), "${}")
		got = append(got, function+" ← "+a.plain(p["EventSourceArn"]))
		attempts, _ := p["MaximumRetryAttempts"].(float64)
		age, _ := p["MaximumRecordAgeInSeconds"].(float64)
		if attempts < 1 || age < 60 || age >= 24*3600 || p["BisectBatchOnFunctionError"] != true || p["BatchSize"] == nil ||
			p["StartingPosition"] != "TRIM_HORIZON" || fmt.Sprint(p["FunctionResponseTypes"]) != "[ReportBatchItemFailures]" {
			t.Errorf("%s: %v", function, p)
		}
		if dead := a.plain(at(p, "DestinationConfig", "OnFailure", "Destination")); dead != "${"+function+"-dead-letters.Arn}" {
			t.Errorf("%s: dead letters to %s", function, dead)
		}
	}
	for _, f := range list() {
		for _, s := range f.Streams {
			want = append(want, "fabrique-"+f.Name+" ← ${"+string(s.Table)+".StreamArn}")
		}
	}
	same(t, "streams", got, want)
}

func TestFiltersTakeAnyDeclaredPrefix(t *testing.T) {
	var got []string
	for _, f := range filtersOf(everything().Streams[0].Prefixes) {
		got = append(got, *f.Pattern)
	}
	same(t, "filters", got, []string{
		`{"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"PERSON#"}]}}}}`,
		`{"dynamodb":{"Keys":{"sk":{"S":[{"prefix":"MAIL#"},{"prefix":"ERASURE"}]}}}}`,
	})
	if none := filtersOf(nil); none != nil {
		t.Errorf("without prefixes: %v", none)
	}
}
