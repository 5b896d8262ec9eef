package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

type statement struct {
	effect             string
	actions, resources []string
}

// statements are those of a role's policies.
func (a assembly) statements(role resource) []statement {
	var all []statement
	policies, _ := role.Properties["Policies"].([]any)
	for _, policy := range policies {
		for _, s := range at(policy, "PolicyDocument", "Statement").([]any) {
			all = append(all, statement{
				effect: at(s, "Effect").(string), actions: a.texts(at(s, "Action")), resources: a.texts(at(s, "Resource")),
			})
		}
	}
	return all
}

// texts is a value that may stand alone or in a list, as policies have it.
func (a assembly) texts(value any) []string {
	if list, ok := value.([]any); ok {
		var all []string
		for _, v := range list {
			all = append(all, a.plain(v))
		}
		return all
	}
	return []string{a.plain(value)}
}

// grants are "action on resource", one for each pair.
func (a assembly) grants(role resource) []string {
	var all []string
	for _, s := range a.statements(role) {
		for _, action := range s.actions {
			for _, resource := range s.resources {
				all = append(all, action+" on "+resource)
			}
		}
	}
	return all
}

// TestRolesHaveTheDeclaredRightsOnly compares each role with what is written
// out here from the declaration, by other words than the app uses.
func TestRolesHaveTheDeclaredRightsOnly(t *testing.T) {
	a := synth(t)
	lambdas := a.application.of("AWS::Lambda::Function")
	for _, f := range list() {
		t.Run(f.Name, func(t *testing.T) {
			role := a.roleOf(lambdas["fabrique-"+f.Name].Properties["Role"])
			same(t, "grants", a.grants(role), a.expected(f))
			if role.Properties["ManagedPolicyArns"] != nil {
				t.Error("the role has managed policies")
			}
		})
	}
	if policies := a.application.of("AWS::IAM::Policy"); len(policies) > 0 {
		t.Errorf("policies outside of roles escape this test: %v", sortedKeys(policies))
	}
}

func (a assembly) roleOf(value any) resource {
	id, _ := at(value, "Fn::GetAtt").([]any)
	if len(id) == 0 {
		return resource{}
	}
	return a.application.Resources[id[0].(string)]
}

func (a assembly) expected(f *function.Function) []string {
	var all []string
	allow := func(resource string, actions ...string) {
		for _, action := range actions {
			all = append(all, action+" on "+resource)
		}
	}
	allow("${/aws/lambda/fabrique-"+f.Name+".Arn}", "logs:CreateLogStream", "logs:PutLogEvents")
	for _, use := range f.Tables {
		allow("${"+string(use.Table)+".Arn}", use.Right.Actions()...)
		definition, _ := use.Table.Define()
		for _, index := range definition.Indexes {
			if use.Right == function.Read || use.Right == function.ReadWrite || use.Right == function.ReadAppend {
				allow("${"+string(use.Table)+".Arn}/index/"+index.Name, "dynamodb:Query")
			}
		}
	}
	for _, secret := range f.Secrets {
		allow("${fabrique/"+string(secret)+"}", "secretsmanager:GetSecretValue")
	}
	for _, secret := range f.Rotates {
		allow("${fabrique/"+string(secret)+"}", "secretsmanager:PutSecretValue")
	}
	for range f.Buckets { // there is one
		for name := range a.data.of("AWS::S3::Bucket") {
			allow("${"+name+".Arn}/*", "s3:GetObject", "s3:PutObject", "s3:DeleteObject")
		}
	}
	for _, s := range f.Streams {
		allow("${"+string(s.Table)+".StreamArn}",
			"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams")
	}
	if len(f.Streams)+len(f.Schedules)+len(f.Notices) > 0 {
		allow("${fabrique-"+f.Name+"-dead-letters.Arn}", "sqs:SendMessage")
	}
	if f.MindsDeadLetters {
		for _, other := range list() {
			if len(other.Streams)+len(other.Schedules)+len(other.Notices) > 0 {
				allow("${fabrique-"+other.Name+"-dead-letters.Arn}", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage")
				allow("arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:fabrique-"+other.Name, "lambda:InvokeFunction")
			}
		}
	}
	if f.SendsMail {
		here := "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:"
		allow(here+"identity/alliance.example.org", "ses:SendEmail", "ses:SendRawEmail")
		allow(here+"configuration-set/fabrique", "ses:SendEmail", "ses:SendRawEmail")
	}
	return all
}

// TestNoRoleHasAWildcard but for the objects of a bucket, whose keys are made
// as files come.
func TestNoRoleHasAWildcard(t *testing.T) {
	a := synth(t)
	objects := map[string]bool{}
	for name := range a.data.of("AWS::S3::Bucket") {
		objects["${"+name+".Arn}/*"] = true
	}
	for id, r := range a.application.Resources {
		if r.Type != "AWS::IAM::Role" {
			continue
		}
		for _, s := range a.statements(r) {
			if slices.ContainsFunc(append(s.actions, s.resources...), func(v string) bool { return strings.Contains(v, "*") && !objects[v] }) || s.effect != "Allow" {
				t.Errorf("%s: %v", id, s)
			}
		}
	}
	if n := len(a.data.of("AWS::IAM::Role")); n > 0 {
		t.Errorf("%d roles in the data stack", n)
	}
}

// TestPermissionsAreNarrow looks at who may start each function.
func TestPermissionsAreNarrow(t *testing.T) {
	a := synth(t)
	for id, p := range a.application.of("AWS::Lambda::Permission") {
		source := a.plain(p.Properties["SourceArn"])
		api := source == "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${fabrique}/*/*"
		rule := strings.HasPrefix(source, "${fabrique-") && strings.HasSuffix(source, ".Arn}")
		if p.Properties["Action"] != "lambda:InvokeFunction" || !api && !rule {
			t.Errorf("%s lets in %v from %s", id, p.Properties["Principal"], source)
		}
	}
}
