// Package changes turns what a stream of DynamoDB holds into what Lambda hands
// to functions.
package changes

import (
	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// Event is a record of a stream as Lambda hands it to a function that listens
// to the stream with this ARN.
func Event(r types.Record, streamARN string) events.DynamoDBEventRecord {
	change := r.Dynamodb
	event := events.DynamoDBEventRecord{
		AWSRegion: aws.ToString(r.AwsRegion), EventID: aws.ToString(r.EventID),
		EventName: string(r.EventName), EventSource: "aws:dynamodb", EventVersion: aws.ToString(r.EventVersion), EventSourceArn: streamARN,
		Change: events.DynamoDBStreamRecord{
			ApproximateCreationDateTime: events.SecondsEpochTime{Time: aws.ToTime(change.ApproximateCreationDateTime)},
			Keys:                        image(change.Keys), NewImage: image(change.NewImage), OldImage: image(change.OldImage),
			SequenceNumber: aws.ToString(change.SequenceNumber), SizeBytes: aws.ToInt64(change.SizeBytes),
			StreamViewType: string(change.StreamViewType),
		},
	}
	if r.UserIdentity != nil {
		event.UserIdentity = &events.DynamoDBUserIdentity{Type: aws.ToString(r.UserIdentity.Type), PrincipalID: aws.ToString(r.UserIdentity.PrincipalId)}
	}
	return event
}

func image(attributes map[string]types.AttributeValue) map[string]events.DynamoDBAttributeValue {
	if attributes == nil {
		return nil
	}
	converted := make(map[string]events.DynamoDBAttributeValue, len(attributes))
	for name, value := range attributes {
		converted[name] = attribute(value)
	}
	return converted
}

func attribute(value types.AttributeValue) events.DynamoDBAttributeValue {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return events.NewStringAttribute(v.Value)
	case *types.AttributeValueMemberN:
		return events.NewNumberAttribute(v.Value)
	case *types.AttributeValueMemberB:
		return events.NewBinaryAttribute(v.Value)
	case *types.AttributeValueMemberBOOL:
		return events.NewBooleanAttribute(v.Value)
	case *types.AttributeValueMemberSS:
		return events.NewStringSetAttribute(v.Value)
	case *types.AttributeValueMemberNS:
		return events.NewNumberSetAttribute(v.Value)
	case *types.AttributeValueMemberBS:
		return events.NewBinarySetAttribute(v.Value)
	case *types.AttributeValueMemberM:
		return events.NewMapAttribute(image(v.Value))
	case *types.AttributeValueMemberL:
		list := make([]events.DynamoDBAttributeValue, len(v.Value))
		for i, element := range v.Value {
			list[i] = attribute(element)
		}
		return events.NewListAttribute(list)
	}
	return events.NewNullAttribute()
}
