package registration

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/membership"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// The table Allies:
//
//	PERSON#hash  REG#reg_…    a signature that waits for its confirmation, then what it became
//	PERSON#hash  ALLY#ally_…  who signed: name, address, consents (the only personal data that stays; package membership)
//	PERSON#hash  SIGNATURE    the claim of a person ally: one live signature each
//	PERSON#hash  MAIL#…       a mail to send (package mail)
//	PERSON#hash  NAMED#mail_… a mail to someone else that names this person
//	PERSON#hash  HANDOVER#ally_… what is proposed to this person: to be the contact of an organisation
//	PERSON#hash  ERASURE      a request to leave (package personal)
//	PERSON#hash  CONTACT      the silence of someone who has not signed and was told of their erasure
//	ALLY#ally_…  ALLY         the ally; organisations that agreed stand in the index "directory"
//	ALLY#ally_…  HANDOVER     to whom the organisation is being handed over
//	ALLY#ally_…  MERGED       which signature a duplicate became part of
//	CLAIM#…      CLAIM        the claim of an organisation: its SIRET, its RNA number or its name and territory
//	COUNT        COUNT        how many allies there are
//	ONCE#…       ONCE         an answer given to an Idempotency-Key (package dynamo)
//
// Index "allies": who signed, and signatures that wait, by name, for the team.

const (
	pendingPrefix = "REG#"
	mentionPrefix = "NAMED#"
)

// pendingItem is a signature until its address is confirmed. Afterwards it
// keeps only what the same link must answer again.
type pendingItem struct {
	dynamo.Key
	Registration string    `dynamodbav:"registration_id"`
	Status       string    `dynamodbav:"status"`
	Signing      string    `dynamodbav:"signing,omitempty"` // as JSON
	AllyID       string    `dynamodbav:"ally_id,omitempty"`
	Kind         string    `dynamodbav:"kind"`
	CreatedAt    time.Time `dynamodbav:"created_at"`
	ExpiresAt    int64     `dynamodbav:"expires_at"`
	List         string    `dynamodbav:"list,omitempty"` // while it waits: the team's list
	ListAt       string    `dynamodbav:"list_at,omitempty"`
}

// The states of a pendingItem.
const (
	statusPending   = "pending_confirmation"
	statusConfirmed = "confirmed"
)

// signatoryItem is the person behind an ally.
type signatoryItem struct {
	dynamo.Key
	AllyID       string    `dynamodbav:"ally_id"`
	GivenName    string    `dynamodbav:"given_name"`
	FamilyName   string    `dynamodbav:"family_name"`
	Email        string    `dynamodbav:"email"`
	Role         string    `dynamodbav:"role,omitempty"`
	Organisation string    `dynamodbav:"organisation,omitempty"` // that a person ally names
	Territory    string    `dynamodbav:"territory,omitempty"`    // of that organisation
	Newsletter   bool      `dynamodbav:"newsletter"`
	NewsletterAt time.Time `dynamodbav:"newsletter_at"` // when they chose so; zero: when they signed
	Directory    bool      `dynamodbav:"directory_consent"`
	CreatedAt    time.Time `dynamodbav:"created_at"`
	// LastContactAt is when we last heard of the person (retention.go), and
	// AnnouncedAt when they were told that we would forget them, zero otherwise.
	LastContactAt time.Time `dynamodbav:"last_contact_at"`
	AnnouncedAt   time.Time `dynamodbav:"announced_at"`
	// What the team's list shows and searches of the ally, kept with it.
	Shown  shown  `dynamodbav:"shown"`
	List   string `dynamodbav:"list"`
	ListAt string `dynamodbav:"list_at"`
}

// shown is what the team's list shows of an ally.
type shown struct {
	Kind      string `dynamodbav:"kind"`
	Name      string `dynamodbav:"name"` // of the organisation, or "Durand Camille"
	Category  string `dynamodbav:"category,omitempty"`
	Territory string `dynamodbav:"territory,omitempty"`
	Region    string `dynamodbav:"region,omitempty"`
	JoinedOn  string `dynamodbav:"joined_on"`
}

// everyone is the one partition of the index "allies": some thousand people.
const everyone = "ALLIES"

// place puts the signatory where the team's list has them.
func (g *signature) place() {
	g.signatory.Shown = shown{g.ally.Kind, g.ally.Name, g.ally.Category, g.ally.Territory, g.ally.Region, g.ally.JoinedOn}
	if g.ally.Kind == string(alliance.Person) {
		g.signatory.Shown.Name = g.signatory.FamilyName + " " + g.signatory.GivenName
		g.signatory.Shown.Territory, g.signatory.Shown.Region = g.signatory.Territory, regionOf(g.signatory.Territory)
	}
	g.signatory.List, g.signatory.ListAt = everyone, sortName(g.signatory.Shown.Name, g.ally.AllyID)
}

// choseNewsAt is when a person chose whether to receive news.
func (p signatoryItem) choseNewsAt() time.Time {
	if p.NewsletterAt.IsZero() {
		return p.CreatedAt
	}
	return p.NewsletterAt
}

func (p signatoryItem) fullName() string { return strings.TrimSpace(p.GivenName + " " + p.FamilyName) }

// mentionItem tells of a mail to someone else that names this person: the two
// leave together. It is as old as the signature that made them known, so that
// it is erased with it.
type mentionItem struct {
	dynamo.Key
	Recipient string    `dynamodbav:"recipient"` // keyed hash
	MailID    string    `dynamodbav:"mail_id"`
	CreatedAt time.Time `dynamodbav:"created_at"`
	ExpiresAt int64     `dynamodbav:"expires_at"`
}

// allyItem is an ally without personal data: who it is is in its signatory.
type allyItem struct {
	dynamo.Key
	// Version counts the changes. Each change of the ally or of its signatory
	// holds only for the version that it was made from, and for the contact
	// that was known then (stillSilent): a contact is no change to anybody who
	// looks at the signature, and so no version.
	Version   int      `dynamodbav:"version"`
	AllyID    string   `dynamodbav:"ally_id"`
	Kind      string   `dynamodbav:"kind"`
	Person    string   `dynamodbav:"person"` // keyed hash of who signed
	Name      string   `dynamodbav:"name,omitempty"`
	Category  string   `dynamodbav:"category,omitempty"`
	SIRET     string   `dynamodbav:"siret,omitempty"`
	RNA       string   `dynamodbav:"rna,omitempty"`
	Territory string   `dynamodbav:"territory,omitempty"` // reference, as package territory makes it
	Region    string   `dynamodbav:"region,omitempty"`
	Website   string   `dynamodbav:"website,omitempty"`
	Claims    []string `dynamodbav:"claims"` // partition keys of what it claims
	// Inherited are those of its claims that came with a duplicate.
	Inherited      []string  `dynamodbav:"inherited,omitempty"`
	CharterVersion string    `dynamodbav:"charter_version"`
	SignedAt       time.Time `dynamodbav:"signed_at"`
	JoinedOn       string    `dynamodbav:"joined_on"`
	// Only organisations that agreed have these, and so stand in the index.
	Directory     string `dynamodbav:"directory,omitempty"`
	DirectoryName string `dynamodbav:"directory_name,omitempty"`
}

// claimItem makes sure that something is claimed once.
type claimItem struct {
	dynamo.Key
	AllyID    string    `dynamodbav:"ally_id"`
	CreatedAt time.Time `dynamodbav:"created_at"`
}

// countItem is changed in the transaction of each signature and departure, so
// it cannot drift.
type countItem struct {
	dynamo.Key
	Organisations int `dynamodbav:"organisations"`
	Persons       int `dynamodbav:"persons"`
}

var countKey = dynamo.Key{PK: "COUNT", SK: "COUNT"}

// mergedItem tells where an ally went that was a duplicate: ids only, which
// name nobody. The journal and old pages still lead to it.
type mergedItem struct {
	dynamo.Key
	Into string `dynamodbav:"into"`
}

func mergedKey(ally string) dynamo.Key { return dynamo.Key{PK: "ALLY#" + ally, SK: "MERGED"} }

func pendingKey(person, registration string) dynamo.Key {
	return dynamo.Key{PK: personal.Partition(person), SK: pendingPrefix + registration}
}

func mentionKey(person, mailID string) dynamo.Key {
	return dynamo.Key{PK: personal.Partition(person), SK: mentionPrefix + mailID}
}

func allyKey(ally string) dynamo.Key { return dynamo.Key{PK: "ALLY#" + ally, SK: "ALLY"} }

// claimKey is the key of a claim, by the partition that allyItem.Claims names.
func claimKey(claim string) dynamo.Key {
	if strings.HasPrefix(claim, personal.Partition("")) {
		return dynamo.Key{PK: claim, SK: "SIGNATURE"}
	}
	return dynamo.Key{PK: claim, SK: "CLAIM"}
}

// countUpdate moves the count of a kind by n.
func (s *service) countUpdate(kind string, n int) (types.TransactWriteItem, error) {
	name := "persons"
	if kind == string(alliance.Organisation) {
		name = "organisations"
	}
	return s.allies.Update(countKey, expression.Add(expression.Name(name), expression.Value(n)))
}

// unchanged holds while an ally is there and as it was read.
func (a allyItem) unchanged() expression.ConditionBuilder {
	return expression.Name("version").Equal(expression.Value(a.Version))
}

// signatories returns a person's signatures without their allies, oldest first.
func (s *service) signatories(ctx context.Context, person string) (found []signatoryItem, err error) {
	err = s.allies.Partition(ctx, personal.Partition(person), membership.SignaturePrefix, func(item map[string]types.AttributeValue) error {
		var one signatoryItem
		err := attributevalue.UnmarshalMap(item, &one)
		found = append(found, one)
		return err
	})
	return found, err
}

// signatures returns a person's signatures, oldest first, each with its ally.
func (s *service) signatures(ctx context.Context, person string) ([]signature, error) {
	signatories, err := s.signatories(ctx, person)
	if err != nil {
		return nil, err
	}
	var found []signature
	for _, one := range signatories {
		var ally allyItem
		exists, err := s.allies.Get(ctx, allyKey(one.AllyID), &ally)
		if err != nil {
			return nil, err
		}
		if exists && ally.Person == person { // else it was handed over since
			found = append(found, signature{ally, one})
		}
	}
	return found, nil
}

// signature is an ally and who signed for it.
type signature struct {
	ally      allyItem
	signatory signatoryItem
}
