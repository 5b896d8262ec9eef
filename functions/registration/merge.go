package registration

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
)

// merger is what will happen when a duplicate joins the signature that stays.
type merger struct {
	kept, duplicate signature
	merged          signature // the kept one, afterwards
}

// mergedFact is the data of the fact ally.left.v2.
type mergedFact struct {
	leftFact
	Reason string `json:"reason"`
	Into   string `json:"into"`
}

var (
	errSameAlly = fault.New(fault.Conflict, "same-ally", "Choisissez une autre signature : celle-ci est celle qui reste.")
	errOtherTwo = fault.New(fault.Conflict, "other-kind", "Une personne et une organisation ne sont pas le même membre : rien à fusionner.")
	errMoved    = fault.New(fault.Conflict, "changed-meanwhile", "Une des deux signatures a changé depuis l’aperçu : relisez-le, puis confirmez à nouveau.")
)

// merger reads two signatures and works out what one would become of them. It
// returns the faults "unknown-ally", "same-ally" and "other-kind".
func (s *service) merger(ctx context.Context, kept, duplicate string) (m merger, err error) {
	if kept == duplicate {
		return m, errSameAlly
	}
	if m.kept, err = s.signatureOf(ctx, kept); err != nil {
		return m, err
	}
	if m.duplicate, err = s.signatureOf(ctx, duplicate); err != nil {
		return m, err
	}
	if m.kept.ally.Kind != m.duplicate.ally.Kind {
		return m, errOtherTwo
	}
	m.merged = m.kept
	fill := func(field *string, with string) {
		if *field == "" {
			*field = with
		}
	}
	a, d := &m.merged.ally, m.duplicate.ally
	fill(&a.SIRET, d.SIRET)
	fill(&a.RNA, d.RNA)
	fill(&a.Territory, d.Territory)
	fill(&a.Website, d.Website)
	a.Region = regionOf(a.Territory)
	p, other := &m.merged.signatory, m.duplicate.signatory
	if !m.tellsDuplicate() && other.choseNewsAt().After(p.choseNewsAt()) { // nobody chooses for somebody else
		p.Newsletter, p.NewsletterAt = other.Newsletter, other.choseNewsAt()
	}
	if a.Kind == string(alliance.Person) || !m.tellsDuplicate() {
		fill(&p.Role, other.Role)
	}
	if other.LastContactAt.After(p.LastContactAt) { // somebody of it was here, from whichever address
		p.heardOf(other.LastContactAt)
	}
	if d.JoinedOn < a.JoinedOn { // in the alliance since the first of the two
		a.JoinedOn, a.SignedAt, a.CharterVersion = d.JoinedOn, d.SignedAt, d.CharterVersion
	}
	if a.Kind == string(alliance.Person) {
		fill(&p.Organisation, other.Organisation)
		fill(&p.Territory, other.Territory)
	} else {
		a.inherit(d.Claims)
	}
	m.merged.place()
	return m, nil
}

// inherit makes sure that what the duplicate was known by is known still.
func (a *allyItem) inherit(claims []string) {
	for _, claim := range claims {
		if !slices.Contains(a.Claims, claim) {
			a.Inherited = append(slices.Clip(a.Inherited), claim)
			a.Claims = append(slices.Clip(a.Claims), claim)
		}
	}
}

// seen names the two signatures as a preview shows them: what was seen is
// what happens, or nothing does.
func (m merger) seen() string {
	return strconv.Itoa(m.kept.ally.Version) + "-" + strconv.Itoa(m.duplicate.ally.Version)
}

// merge makes one signature of two, in one transaction, as the preview that
// was seen says. It returns the faults of merger and the Conflict fault
// "changed-meanwhile".
func (s *service) merge(ctx context.Context, kept, duplicate, seen string) error {
	for range rounds { // a contact is no change that anybody has to look at again
		m, err := s.merger(ctx, kept, duplicate)
		if err != nil {
			return err
		}
		if m.seen() != seen {
			return errMoved
		}
		writes, err := s.mergeWrites(ctx, m)
		if err != nil {
			return err
		}
		err = writes.Commit(ctx, s.allies.Client)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return err
		}
	}
	return errMoved
}

// mergedInto is the signature that a duplicate became part of, empty when it
// was not merged.
func (s *service) mergedInto(ctx context.Context, duplicate string) (kept string, err error) {
	var item mergedItem
	_, err = s.allies.Get(ctx, mergedKey(duplicate), &item)
	return item.Into, err
}

func (s *service) mergeWrites(ctx context.Context, m merger) (dynamo.Writes, error) {
	duplicate := m.duplicate.ally
	merged := m.merged
	merged.ally.Version++
	var writes dynamo.Writes
	writes.Add(s.allies.Put(merged.ally, m.kept.ally.unchanged()))
	writes.Add(s.allies.Put(merged.signatory, m.kept.signatory.stillSilent()))
	writes.Add(s.allies.Delete(duplicate.Key, duplicate.unchanged()))
	writes.Add(s.allies.Delete(m.duplicate.signatory.Key, m.duplicate.signatory.stillSilent()))
	for _, claim := range duplicate.Claims {
		ours := expression.Name("ally_id").Equal(expression.Value(duplicate.AllyID))
		if slices.Contains(merged.ally.Claims, claim) {
			writes.Add(s.allies.Put(claimItem{claimKey(claim), merged.ally.AllyID, s.now().UTC()}, ours))
		} else {
			writes.Add(s.allies.Delete(claimKey(claim), ours))
		}
	}
	writes.Add(s.allies.Put(mergedItem{mergedKey(duplicate.AllyID), merged.ally.AllyID}))
	writes.Add(s.countUpdate(duplicate.Kind, -1))
	writes.Add(s.append("ally.left.v2", duplicate.AllyID, mergedFact{
		leftFact{duplicate.AllyID, duplicate.Kind, duplicate.Category, duplicate.Region}, "merged", merged.ally.AllyID,
	}))
	writes.Add(s.audit.Entry(ctx, "ally.merged", merged.ally.AllyID,
		map[string]string{"duplicate": duplicate.AllyID}, map[string]string{"into": merged.ally.AllyID}))
	if m.tellsDuplicate() {
		s.tellDuplicate(&writes, m)
	}
	return writes, writes.Err
}

// tellsDuplicate holds when the duplicate was signed by someone else, or from
// another address: they hear of it.
func (m merger) tellsDuplicate() bool { return m.kept.ally.Person != m.duplicate.ally.Person }

// tellDuplicate writes to who signed the duplicate what became of it.
func (s *service) tellDuplicate(writes *dynamo.Writes, m merger) {
	to := m.duplicate.signatory
	data := map[string]string{"kind": m.kept.ally.Kind, "since": french.Date(m.merged.ally.SignedAt), "join": "/rejoindre", mail.About: alliesPath + "/" + m.kept.ally.AllyID}
	if m.kept.ally.Kind == string(alliance.Organisation) {
		data["organisation"], data["contact"] = m.kept.ally.Name, m.kept.signatory.fullName()
	}
	intent := mail.NewIntent(s.newID("mail"), "signatures-merged", m.duplicate.ally.Person, to.Email, to.fullName(), data, s.now())
	writes.Add(s.allies.Put(intent, dynamo.Absent))
	writes.Add(s.allies.Put(mentionItem{ // it names the contact, so it leaves with them
		Key: mentionKey(m.kept.ally.Person, intent.ID), Recipient: m.duplicate.ally.Person, MailID: intent.ID,
		CreatedAt: m.kept.signatory.CreatedAt, ExpiresAt: intent.ExpiresAt,
	}))
}
