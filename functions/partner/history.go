package partner

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
)

// saidItem is what a partner said of one thing, as it stands now. Of a
// territory it keeps all that was said, so that what arrives late has the
// effect that it would have had in time, in the ledger too.
type saidItem struct {
	partnership.Said
	// Revision rises with each change: who changes what has changed since reads again.
	Revision int `dynamodbav:"revision"`
	// Words are what was said of a territory, by version.
	Words []word `dynamodbav:"words,omitempty"`
	// Stated are the facts that stand for them, in the same order.
	Stated []stated `dynamodbav:"stated,omitempty"`
	// Settled is the version up to which words are no longer kept.
	Settled string `dynamodbav:"settled,omitempty"`
}

// word is one thing said of a territory: it is in since a day, or out.
type word struct {
	Version string   `dynamodbav:"v"` // as partnership.Said has it
	Out     bool     `dynamodbav:"o,omitempty"`
	On      string   `dynamodbav:"d"` // day
	Roles   []string `dynamodbav:"r,omitempty"`
}

// stated is a fact that stands, and what it states.
type stated struct {
	Fact      string `dynamodbav:"f"`
	Version   string `dynamodbav:"v"` // of the word that it was made of
	Content   string `dynamodbav:"c"` // word.content
	Programme string `dynamodbav:"p,omitempty"`
	EndsOn    string `dynamodbav:"e,omitempty"`
}

// maxWords bounds what is kept of a territory, some 8 KB: two months of a
// snapshot every day. What arrives later than so many words has no effect.
const maxWords = 64

// content is what was said, without when.
func (w word) content() string {
	text, _ := json.Marshal([]any{w.Out, w.On, w.Roles}) // plain values: cannot fail
	return string(text)
}

// saidAt is the instant of a word, RFC 3339 in UTC.
func (w word) saidAt() string {
	at, _, _ := strings.Cut(w.Version, "#")
	return at
}

// wordOf is the word that a territory's item holds as the latest.
func wordOf(said partnership.Said) word {
	return word{Version: said.Version, Out: said.Out, On: said.EnrolledOn, Roles: said.Roles}
}

// hear puts a word in its place. It returns false for one that was heard
// before, or that is older than all that is kept.
func (i *saidItem) hear(w word) bool {
	at, heard := slices.BinarySearchFunc(i.Words, w.Version, func(known word, version string) int { return strings.Compare(known.Version, version) })
	if heard || w.Version <= i.Settled {
		return false
	}
	i.Words = slices.Insert(slices.Clone(i.Words), at, w)
	if extra := len(i.Words) - maxWords; extra > 0 {
		i.forget(extra)
	}
	return true
}

// forget settles the oldest words. The facts made of them stand, and nothing
// replaces them any more, but the one of a stay that goes on.
func (i *saidItem) forget(n int) {
	last := i.Words[n-1]
	i.Words, i.Settled = i.Words[n:], last.Version
	open := slices.IndexFunc(i.Stated, func(s stated) bool { return s.Version > i.Settled })
	if open < 0 {
		open = len(i.Stated)
	}
	if open > 0 && last.Out == i.Words[0].Out {
		open--
	}
	i.Stated = i.Stated[open:]
}

// turns are the last word of each stay and of each leave, in order: what it
// was before in the same stay is replaced by it.
func (i *saidItem) turns() (last []word) {
	for n, w := range i.Words {
		if n+1 == len(i.Words) || i.Words[n+1].Out != w.Out {
			last = append(last, w)
		}
	}
	return last
}

// state returns the facts to append so that exactly one stands for each turn,
// and notes them as standing. One that states another day, or other roles, for
// the same turn is corrected; with cohort, one that states another programme
// or end of the cohort too. To leave what was never entered is no fact.
func (s *service) state(i *saidItem, into destination, cohort bool) (missing []ledger.Fact) {
	standing, before := []stated{}, ""
	for n, w := range i.turns() {
		var old stated
		for _, one := range i.Stated {
			if one.Version > before && one.Version <= w.Version {
				old = one
			}
		}
		before = w.Version
		same := old.Content == w.content() && (!cohort || old.Programme == into.Programme && (w.Out || old.EndsOn == into.EndsOn))
		switch {
		case old.Fact == "" && n == 0 && w.Out:
			continue
		case old.Fact != "" && same:
			standing = append(standing, old)
			continue
		}
		fact := s.wordFact(into, i.Territory, w, old.Fact)
		missing = append(missing, fact)
		standing = append(standing, stated{fact.ID, w.Version, w.content(), into.Programme, into.EndsOn})
	}
	i.Stated, i.Fact = standing, ""
	if n := len(standing); n > 0 {
		i.Fact = standing[n-1].Fact
	}
	return missing
}

// wordFact is the fact that a word states.
func (s *service) wordFact(into destination, territory string, w word, corrects string) ledger.Fact {
	id, subject := s.newID("fact"), into.slug+"/"+territory
	if w.Out {
		return ledger.New(id, "partner", "territory.withdrawn.v1", subject, morning(w.On), ledger.Withdrawn{
			Cohort: into.slug, Programme: into.Programme, Territory: territory, WithdrawnOn: w.On, Source: "partner", Partner: into.partner.Name,
			SaidAt: w.saidAt(), Corrects: corrects})
	}
	return ledger.New(id, "partner", ledger.EnrolledType, subject, morning(w.On), ledger.Enrolled{
		Cohort: into.slug, Programme: into.Programme, Territory: territory, EnrolledOn: w.On, EndsOn: into.EndsOn, Source: "partner",
		Partner: into.partner.Name, Roles: w.Roles, SaidAt: w.saidAt(), Corrects: corrects})
}

// morning is the instant at which a day begins in Paris; the day was checked.
func morning(day string) time.Time {
	at, _ := time.ParseInLocation(time.DateOnly, day, french.Paris())
	return at
}
