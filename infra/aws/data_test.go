package main

import (
	"slices"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

func TestTablesAreAsDefined(t *testing.T) {
	tables := synth(t).data.of("AWS::DynamoDB::GlobalTable")
	if len(tables) != len(function.Definitions) {
		t.Fatalf("%d tables, %d definitions", len(tables), len(function.Definitions))
	}
	for _, d := range function.Definitions {
		t.Run(string(d.Table), func(t *testing.T) {
			table := tables[string(d.Table)]
			p := table.Properties
			replica := p["Replicas"]
			if got := at(replica, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"); got != d.Durable {
				t.Errorf("point-in-time recovery: %v", got)
			}
			if got := at(replica, "DeletionProtectionEnabled"); got != d.Durable {
				t.Errorf("deletion protection: %v", got)
			}
			if policy := map[bool]string{true: "Retain", false: "Delete"}[d.Durable]; table.DeletionPolicy != policy {
				t.Errorf("deletion policy %q, want %q", table.DeletionPolicy, policy)
			}
			if p["BillingMode"] != "PAY_PER_REQUEST" {
				t.Errorf("billing %v", p["BillingMode"])
			}
			if got := at(p, "StreamSpecification", "StreamViewType") == "NEW_AND_OLD_IMAGES"; got != d.Stream {
				t.Errorf("stream: %v", got)
			}
			if got := at(p, "TimeToLiveSpecification", "AttributeName") == function.TTLAttribute; got != d.TTL {
				t.Errorf("time to live: %v", got)
			}
			sameKeys(t, "table", p["KeySchema"], "pk", "sk")
			sameIndexes(t, p["GlobalSecondaryIndexes"], d.Indexes)
		})
	}
}

func sameKeys(t *testing.T, what string, schema any, hash, sort string) {
	t.Helper()
	keys, _ := schema.([]any)
	if len(keys) != 2 || at(keys[0], "AttributeName") != hash || at(keys[0], "KeyType") != "HASH" ||
		at(keys[1], "AttributeName") != sort || at(keys[1], "KeyType") != "RANGE" {
		t.Errorf("%s: keys %v", what, schema)
	}
}

func sameIndexes(t *testing.T, made any, declared []function.Index) {
	t.Helper()
	indexes, _ := made.([]any)
	if len(indexes) != len(declared) {
		t.Fatalf("%d indexes, %d declared", len(indexes), len(declared))
	}
	for i, d := range declared {
		sameKeys(t, d.Name, at(indexes[i], "KeySchema"), d.Hash, d.Range)
		projection := "KEYS_ONLY"
		if len(d.Included) > 0 {
			projection = "INCLUDE"
		}
		if d.IncludeAllItems {
			projection = "ALL"
		}
		var included []string
		names, _ := at(indexes[i], "Projection", "NonKeyAttributes").([]any)
		for _, name := range names {
			included = append(included, name.(string))
		}
		if at(indexes[i], "IndexName") != d.Name || at(indexes[i], "Projection", "ProjectionType") != projection || !slices.Equal(included, d.Included) {
			t.Errorf("index %v, declared %+v", indexes[i], d)
		}
	}
}

func TestSecretsAreGeneratedAndKept(t *testing.T) {
	secrets := synth(t).data.of("AWS::SecretsManager::Secret")
	declared := map[string]bool{}
	for _, f := range list() {
		for _, s := range f.Secrets {
			declared["fabrique/"+string(s)] = true
		}
	}
	same(t, "secrets", sortedKeys(secrets), sortedKeys(declared))
	for name, s := range secrets {
		if length, _ := at(s.Properties, "GenerateSecretString", "PasswordLength").(float64); length < 48 || s.DeletionPolicy != "Retain" {
			t.Errorf("%s: %v characters, %s", name, length, s.DeletionPolicy)
		}
	}
}

// TestBucketsArePrivateAndKept and forget what was never checked.
func TestBucketsArePrivateAndKept(t *testing.T) {
	a := synth(t)
	buckets := a.data.of("AWS::S3::Bucket")
	if len(buckets) != 1 {
		t.Fatalf("%d buckets", len(buckets))
	}
	for name, b := range buckets {
		p := b.Properties
		for _, wall := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
			if at(p, "PublicAccessBlockConfiguration", wall) != true {
				t.Errorf("%s is not set", wall)
			}
		}
		if at(p, "BucketEncryption", "ServerSideEncryptionConfiguration", "ServerSideEncryptionByDefault", "SSEAlgorithm") != "AES256" || b.DeletionPolicy != "Retain" {
			t.Errorf("%v %s", p["BucketEncryption"], b.DeletionPolicy)
		}
		rules, _ := at(p, "LifecycleConfiguration", "Rules").([]any)
		if len(rules) != 2 || at(rules[0], "AbortIncompleteMultipartUpload", "DaysAfterInitiation") != 1.0 ||
			at(rules[1], "Prefix") != "incoming/" || at(rules[1], "ExpirationInDays") != 2.0 {
			t.Errorf("lifecycle %v", rules)
		}
		for _, f := range list() {
			environment := at(a.application.of("AWS::Lambda::Function")["fabrique-"+f.Name].Properties, "Environment", "Variables")
			if got := a.plain(at(environment, "BUCKET_MEDIA")); (got == "${"+name+"}") != (len(f.Buckets) > 0) {
				t.Errorf("%s: bucket %q", f.Name, got)
			}
		}
	}
	for _, policy := range a.data.of("AWS::S3::BucketPolicy") {
		statement := at(policy.Properties, "PolicyDocument", "Statement")
		if at(statement, "Effect") != "Deny" || at(statement, "Condition", "Bool", "aws:SecureTransport") != "false" {
			t.Errorf("%v", statement)
		}
	}
}
