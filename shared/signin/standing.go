package signin

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// ErrKeptOut is the Forbidden fault "kept-out" of whom an administrator keeps out.
var ErrKeptOut = fault.New(fault.Forbidden, "kept-out", "Votre accès a été fermé. Parlez-en à une administratrice ou un administrateur.")

// Record is what the table Members holds on a member, under the key of the
// person. Only the function team writes it.
type Record struct {
	dynamo.Key
	Subject string      `dynamodbav:"subject"`
	Name    string      `dynamodbav:"name"`
	Email   string      `dynamodbav:"email"`
	Roles   []auth.Role `dynamodbav:"roles"` // at the last sign-in
	FirstAt time.Time   `dynamodbav:"first_at"`
	LastAt  time.Time   `dynamodbav:"last_at"`
	// EndedAt voids every session that began until then.
	EndedAt time.Time `dynamodbav:"ended_at"`
	// SignedOut are the ids of sessions that were ended in their own browsers:
	// a copy of their cookie is worth nothing either.
	SignedOut []string `dynamodbav:"signed_out,stringset,omitempty"`
	// KeptOut closes the door to the address, whatever the issuer says and
	// whichever account it gives it to.
	KeptOut bool   `dynamodbav:"kept_out,omitempty"`
	List    string `dynamodbav:"list"` // with ListAt, the index of members
	ListAt  string `dynamodbav:"list_at"`
}

// RecordKey is where the record of a member stands.
func (s Sessions) RecordKey(ctx context.Context, m auth.Member) (dynamo.Key, error) {
	person, err := personal.Hash(ctx, s.Identity, alliance.NormaliseEmail(m.Email))
	return KeyOf(person), err
}

// KeyOf is where the record of a person stands, if they are a member.
func KeyOf(person string) dynamo.Key {
	return dynamo.Key{PK: personal.Partition(person), SK: "MEMBER"}
}

// ClosedList is the value of the hash of the index "members" that lists closed
// accounts.
const ClosedList = "CLOSED"

// Closed closes the door to an account, whichever address the issuer gives it.
// It stands in the table Members outside of anyone's partition and says nothing
// of them but the keyed hash of their account: erasing a person, which they can
// ask for themselves, does not open the door again.
type Closed struct {
	dynamo.Key
	List   string `dynamodbav:"list"`
	ListAt string `dynamodbav:"list_at"` // when it was closed (RFC 3339), "#" and the account
}

const closedPrefix = "CLOSED#"

// ClosedKey is where an account that is closed is said to be. account is a hash
// of AccountHash.
func ClosedKey(account string) dynamo.Key {
	return dynamo.Key{PK: closedPrefix + account, SK: "CLOSED"}
}

// NewClosed closes an account, now.
func NewClosed(account string, now time.Time) Closed {
	return Closed{ClosedKey(account), ClosedList, now.UTC().Format(time.RFC3339) + "#" + account}
}

// Account is the hash of the account that is closed.
func (c Closed) Account() string { return strings.TrimPrefix(c.PK, closedPrefix) }

// AccountHash is the keyed hash of an account, by its subject at the issuer.
func (s Sessions) AccountHash(ctx context.Context, subject string) (string, error) {
	return auth.Hash(ctx, s.Identity, "account", subject)
}

// Standing is how a member stands with us, by the table Members.
type Standing struct {
	Record  Record
	Known   bool // they have signed in here, with this address
	KeptOut bool // their address is, or their account
}

// Standing reads how a member stands, consistently. It costs two read units,
// one for the record and one for what closes the account.
func (s Sessions) Standing(ctx context.Context, m auth.Member) (standing Standing, err error) {
	record, err := s.RecordKey(ctx, m)
	if err != nil {
		return standing, err
	}
	account, err := s.AccountHash(ctx, m.Subject)
	if err != nil {
		return standing, err
	}
	err = s.Members.Items(ctx, []dynamo.Key{record, ClosedKey(account)}, func(item map[string]types.AttributeValue) error {
		var found Record
		err := attributevalue.UnmarshalMap(item, &found)
		if found.Key == record {
			standing.Record, standing.Known = found, true
		}
		standing.KeptOut = standing.KeptOut || found.KeptOut || found.Key != record
		return err
	})
	return standing, err
}

// Admit returns ErrKeptOut for a member that an administrator keeps out: the
// tokens of the issuer hold all the same. It costs two read units.
func (s Sessions) Admit(ctx context.Context, m auth.Member) error {
	standing, err := s.Standing(ctx, m)
	if err == nil && standing.KeptOut {
		err = ErrKeptOut
	}
	return err
}
