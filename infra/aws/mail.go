package main

import (
	"fmt"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsses"
	"github.com/aws/jsii-runtime-go"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// mail is what sending needs: the ARNs of the domain's identity at SES and of
// the configuration set that says where news of a message goes.
type mail struct{ identity, configuration *string }

// newMail makes the domain's identity, when a function sends mail. The
// configuration set is the identity's own, so senders need not name it: each
// message from the domain has its bounce or complaint put on the default
// event bus, as "Email Bounced", "Email Complaint Received" or "Email Rejected"
// (https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ses.html),
// where functions' notices hear of it.
func (a *application) newMail(functions []*function.Function) *mail {
	if !slices.ContainsFunc(functions, func(f *function.Function) bool { return f.SendsMail }) {
		return nil
	}
	if a.options.Domain == "" {
		awscdk.Annotations_Of(a.stack).AddWarningV2(jsii.String("fabrique:no-domain"),
			jsii.String("Without the context \"domain\" there is no identity to send mail from: no mail will leave."))
		return nil
	}
	configuration := awsses.NewCfnConfigurationSet(a.stack, jsii.String("MailConfiguration"), &awsses.CfnConfigurationSetProps{
		Name:              jsii.String(prefix),
		ReputationOptions: &awsses.CfnConfigurationSet_ReputationOptionsProperty{ReputationMetricsEnabled: jsii.Bool(true)},
	})
	awsses.NewCfnConfigurationSetEventDestination(a.stack, jsii.String("MailNews"), &awsses.CfnConfigurationSetEventDestinationProps{
		ConfigurationSetName: configuration.Ref(),
		EventDestination: &awsses.CfnConfigurationSetEventDestination_EventDestinationProperty{
			Name: jsii.String("default-event-bus"), Enabled: jsii.Bool(true),
			MatchingEventTypes: jsii.Strings("BOUNCE", "COMPLAINT", "REJECT"),
			EventBridgeDestination: &awsses.CfnConfigurationSetEventDestination_EventBridgeDestinationProperty{
				EventBusArn: a.arn("events", "event-bus", "default"),
			},
		},
	})
	identity := awsses.NewCfnEmailIdentity(a.stack, jsii.String("MailIdentity"), &awsses.CfnEmailIdentityProps{
		EmailIdentity: jsii.String(a.options.Domain),
		ConfigurationSetAttributes: &awsses.CfnEmailIdentity_ConfigurationSetAttributesProperty{
			ConfigurationSetName: configuration.Ref(),
		},
		DkimSigningAttributes: &awsses.CfnEmailIdentity_DkimSigningAttributesProperty{
			NextSigningKeyLength: jsii.String("RSA_2048_BIT"),
		},
		// Bounces reach the functions; a copy to the sender's mailbox would
		// only spread addresses.
		FeedbackAttributes: &awsses.CfnEmailIdentity_FeedbackAttributesProperty{EmailForwardingEnabled: jsii.Bool(false)},
	})
	for i, record := range [][2]*string{
		{identity.AttrDkimDnsTokenName1(), identity.AttrDkimDnsTokenValue1()},
		{identity.AttrDkimDnsTokenName2(), identity.AttrDkimDnsTokenValue2()},
		{identity.AttrDkimDnsTokenName3(), identity.AttrDkimDnsTokenValue3()},
	} {
		a.output(fmt.Sprintf("DKIM%d", i+1), "CNAME record to add to the domain: name, then value",
			jsii.String(*record[0]+" "+*record[1]))
	}
	a.watchReputation()
	return &mail{
		identity:      a.arn("ses", "identity", a.options.Domain),
		configuration: a.arn("ses", "configuration-set", prefix),
	}
}
