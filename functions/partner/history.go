package partner

import (
	"cmp"
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
	// Words are what was said of a territory, in the order of their instants.
	Words []word `dynamodbav:"words,omitempty"`
	// Stated are the facts that stand for them, in the same order.
	Stated []stated `dynamodbav:"stated,omitempty"`
}

// word is one thing said of a territory: it is in since a day, or out.
type word struct {
	At    string   `dynamodbav:"at"` // instant, UTC, to the nanosecond
	Out   bool     `dynamodbav:"out,omitempty"`
	On    string   `dynamodbav:"on"` // day
	Roles []string `dynamodbav:"roles,omitempty"`
}

// stated is a fact that stands, and what it states.
type stated struct {
	word
	Fact      string `dynamodbav:"fact"`
	Programme string `dynamodbav:"programme,omitempty"`
	EndsOn    string `dynamodbav:"ends_on,omitempty"`
}

// maxWords bounds what is kept of a territory, some 8 KB at most: two months
// of a snapshot every day. What arrives later than so many words has no effect.
const maxWords = 64

// wordOf is the word that a territory's item holds as the latest.
func wordOf(said partnership.Said) word {
	return word{At: said.Instant(), Out: said.Out, On: said.EnrolledOn, Roles: said.Roles}
}

// compare orders words as partnership.Said orders versions.
func (w word) compare(other word) int {
	if order := strings.Compare(w.At, other.At); order != 0 {
		return order
	}
	if w.Out != other.Out {
		if w.Out {
			return 1
		}
		return -1
	}
	return cmp.Or(strings.Compare(w.On, other.On), slices.Compare(w.Roles, other.Roles))
}

// same tells whether two words say the same, whenever.
func (w word) same(other word) bool {
	return w.Out == other.Out && w.On == other.On && slices.Equal(w.Roles, other.Roles)
}

// hear puts a word in its place. It returns false for one that was heard
// before, or that is older than all that is kept.
func (i *saidItem) hear(w word) bool {
	at, heard := slices.BinarySearchFunc(i.Words, w, word.compare)
	full := len(i.Words) == maxWords
	if heard || full && at == 0 {
		return false
	}
	i.Words = slices.Insert(slices.Clone(i.Words), at, w)
	if full {
		i.forget()
	}
	return true
}

// forget lets the oldest word go. The fact made of it stands, and nothing
// replaces it any more, unless the stay goes on.
func (i *saidItem) forget() {
	oldest := i.Words[0]
	i.Words = i.Words[1:]
	if len(i.Stated) > 0 && i.Stated[0].compare(oldest) <= 0 && oldest.Out != i.Words[0].Out {
		i.Stated = i.Stated[1:]
	}
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
	standing, rest := []stated{}, i.Stated
	for n, w := range i.turns() {
		var old stated // what stands for this turn: after the one before, which took its own
		if len(rest) > 0 && rest[0].compare(w) <= 0 {
			old, rest = rest[0], rest[1:]
		}
		same := old.same(w) && (!cohort || old.Programme == into.Programme && (w.Out || old.EndsOn == into.EndsOn))
		switch {
		case old.Fact == "" && n == 0 && w.Out:
			continue
		case old.Fact != "" && same:
			standing = append(standing, old)
			continue
		}
		fact := s.wordFact(into, i.Territory, w, old.Fact)
		missing = append(missing, fact)
		standing = append(standing, stated{w, fact.ID, into.Programme, into.EndsOn})
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
			SaidAt: w.At, Corrects: corrects})
	}
	return ledger.New(id, "partner", ledger.EnrolledType, subject, morning(w.On), ledger.Enrolled{
		Cohort: into.slug, Programme: into.Programme, Territory: territory, EnrolledOn: w.On, EndsOn: into.EndsOn, Source: "partner",
		Partner: into.partner.Name, Roles: w.Roles, SaidAt: w.At, Corrects: corrects})
}

// morning is the instant at which a day begins in Paris; the day was checked.
func morning(day string) time.Time {
	at, _ := time.ParseInLocation(time.DateOnly, day, french.Paris())
	return at
}
