package bilan

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

var (
	errNotOver   = fault.New(fault.Conflict, "year-not-over", "Cette année n’est pas finie\u00a0: elle se clôt à partir du 1er janvier suivant.")
	errPublished = fault.New(fault.Conflict, "year-published", "Cette année est publiée\u00a0: elle ne change plus. Ce qui arrive ensuite s’affiche en correction datée.")
	errNotClosed = fault.New(fault.Conflict, "year-not-closed", "Vérifiez et clôturez cette année avant de la publier.")
	errDiffer    = fault.New(fault.Conflict, "figures-differ", "Un chiffre ne correspond pas à ses enregistrements\u00a0: lancez le recomptage, puis recommencez.")
)

func (s *service) postClose(w http.ResponseWriter, r *http.Request) error {
	year, err := s.parseYear(r.PathValue("year"))
	if err != nil {
		return err
	}
	if err := s.closeByTeam(r.Context(), year); err != nil {
		return err
	}
	return s.answerYear(r.Context(), w, year)
}

// closeByTeam closes a year and notes who did.
func (s *service) closeByTeam(ctx context.Context, year int) error {
	return s.close(ctx, year, func() ([]types.TransactWriteItem, error) {
		entry, err := s.audit.Entry(ctx, "bilan.closed", strconv.Itoa(year), nil, nil)
		return []types.TransactWriteItem{entry}, err
	})
}

func (s *service) answerYear(ctx context.Context, w http.ResponseWriter, year int) error {
	bilan, err := s.report(ctx, year)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, bilan)
}

// lifeAttempts is how often a step of a year's life is tried anew when facts
// arrive meanwhile.
const lifeAttempts = 8

// close closes a year that is over; one that is closed already stays so. What
// more makes goes with it in one transaction.
func (s *service) close(ctx context.Context, year int, more func() ([]types.TransactWriteItem, error)) error {
	if year >= s.thisYear() {
		return errNotOver
	}
	if err := s.mustBeKnown(ctx, year); err != nil {
		return err
	}
	for range lifeAttempts {
		book, err := s.book(ctx)
		if err != nil {
			return err
		}
		switch book.state(year).Status {
		case report.Closed:
			return nil
		case report.Published:
			return errPublished
		}
		var writes dynamo.Writes
		s.enter(&writes, book, year, report.Closed, s.now())
		items, err := more()
		if err != nil {
			return err
		}
		writes.Items = append(writes.Items, items...)
		err = writes.Commit(ctx, s.table.Client)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return err
		}
	}
	return busy
}

// mustBeKnown returns the fault "unknown-year" for a year that has no bilan.
func (s *service) mustBeKnown(ctx context.Context, year int) error {
	c, err := s.between(ctx, year, year, false)
	if err == nil && !c.known(year) {
		return errNoYear
	}
	return err
}

var busy = &fault.Error{Kind: fault.Unavailable, Code: "busy", RetryAfter: 2 * time.Second,
	Detail: "Des faits arrivent en ce moment même. Rien n’est perdu\u00a0: recommencez dans un instant."}

// enter adds to a transaction that a year enters a status, on the condition
// that no year has done so since the book was read. The others' facts may go on.
func (s *service) enter(writes *dynamo.Writes, book bookItem, year int, status report.Status, at time.Time) {
	at = at.UTC().Truncate(time.Second)
	years := map[string]yearState{}
	maps.Copy(years, book.Years)
	years[strconv.Itoa(year)] = yearState{status, at}
	conditions := []expression.ConditionBuilder{book.alive()}
	if status == report.Published {
		conditions = append(conditions, book.still(year))
	}
	writes.Add(s.table.Update(bookKey, book.live().Set(expression.Name("years"), expression.Value(years)).
		Set(expression.Name(freezing), expression.Value(book.without(year))), conditions...))
	writes.Add(s.table.Update(countersKey(false, year), expression.Set(expression.Name("status"), expression.Value(status)).
		Set(expression.Name("at"), expression.Value(at))))
}

// live begins an update of the book in which the lives of years go on.
func (b bookItem) live() expression.UpdateBuilder {
	return expression.Set(expression.Name("lives"), expression.Value(b.Lives+1)).Add(expression.Name("changes"), expression.Value(0))
}

// alive holds while no year has entered another status, or is about to, since
// the book was read.
func (b bookItem) alive() expression.ConditionBuilder {
	lives := expression.Name("lives").Equal(expression.Value(b.Lives))
	if b.Lives == 0 {
		return lives.Or(expression.AttributeNotExists(expression.Name("lives")))
	}
	return lives
}

const freezing = "freezing"

// mark notes that a year is about to be published: from here on, whoever
// changes something of it takes the mark away. A mark that stands already says
// the same, since a longer time.
func (s *service) mark(ctx context.Context, book bookItem, year int) (bookItem, error) {
	if _, marked := book.Freezing[strconv.Itoa(year)]; marked {
		return book, nil
	}
	marks := book.without(year)
	marks[strconv.Itoa(year)] = book.Lives + 1
	var writes dynamo.Writes
	writes.Add(s.table.Update(bookKey, book.live().Set(expression.Name(freezing), expression.Value(marks)), book.alive()))
	if err := writes.Commit(ctx, s.table.Client); err != nil {
		return book, err
	}
	book.Lives, book.Freezing = book.Lives+1, marks
	return book, nil
}

// without are the years about to be published but for one.
func (b bookItem) without(year int) map[string]int {
	marks := map[string]int{}
	maps.Copy(marks, b.Freezing)
	delete(marks, strconv.Itoa(year))
	return marks
}

// still holds while nothing of a year has changed since it was marked.
func (b bookItem) still(year int) expression.ConditionBuilder {
	text := strconv.Itoa(year)
	return expression.Name(freezing + "." + text).Equal(expression.Value(b.Freezing[text]))
}

// disturb takes the mark from years about to be published that a change
// touches: it names elements of theirs, or of what spans a day until their end.
func (b bookItem) disturb(update expression.UpdateBuilder, touches func(year int) bool) expression.UpdateBuilder {
	for text := range b.Freezing {
		if year, err := strconv.Atoi(text); err != nil || touches(year) {
			update = update.Remove(expression.Name(freezing + "." + text))
		}
	}
	return update
}

// touches tells whether what is named is part of what is counted in a year.
func (n named) touches(year int) bool {
	if n.figure.Spans {
		return yearOf(n.mention.From) <= year
	}
	return n.mention.Year == year
}

// unchanged holds while no counter has moved and no year has entered another
// status since the book was read.
func (b bookItem) unchanged() expression.ConditionBuilder {
	if b.PK == "" {
		return dynamo.Absent
	}
	return expression.Name("changes").Equal(expression.Value(b.Changes)).And(b.alive())
}

func (s *service) postPublish(w http.ResponseWriter, r *http.Request) error {
	year, err := s.parseYear(r.PathValue("year"))
	if err != nil {
		return err
	}
	if err := s.publish(r.Context(), year); err != nil {
		return err
	}
	return s.answerYear(r.Context(), w, year)
}

// publish freezes a closed year: the values, the definitions that they go by,
// the records behind each, and the hash of it all. Again, it changes nothing.
func (s *service) publish(ctx context.Context, year int) error {
	for range lifeAttempts {
		book, err := s.book(ctx)
		if err != nil {
			return err
		}
		switch book.state(year).Status {
		case report.Published:
			return nil
		case report.Closed:
		default:
			return cmp.Or(s.mustBeKnown(ctx, year), error(errNotClosed))
		}
		if book, err = s.mark(ctx, book, year); err == nil {
			err = s.freeze(ctx, book, year)
		}
		var refused *dynamo.Refused
		if !errors.As(err, &refused) && !(fault.Is(err, errDiffer.Code) && s.disturbed(ctx, book, year)) {
			return err
		}
	}
	return busy
}

// disturbed tells whether something of a year has changed since it was marked.
func (s *service) disturbed(ctx context.Context, since bookItem, year int) bool {
	now, err := s.book(ctx)
	text := strconv.Itoa(year)
	return err == nil && now.Freezing[text] != since.Freezing[text]
}

// freeze keeps the records behind each figure, and publishes the year. Every
// write is on the condition that nothing of the year has changed since it was
// marked: it returns *dynamo.Refused when something has, and the next attempt
// writes over the records of this one. Facts of later years change nothing of it.
func (s *service) freeze(ctx context.Context, book bookItem, year int) error {
	c, err := s.between(ctx, year-1, year, true)
	if err != nil {
		return err
	}
	at := s.now().UTC().Truncate(time.Second)
	own := c.years[year]
	own.status, own.at = report.Published, at
	c.years[year] = own
	bilan, err := s.running(ctx, year, c, true)
	if err != nil {
		return err
	}
	for _, f := range s.figures.of(year) {
		if err := s.keep(ctx, book, year, f, c.tally(f, year)); err != nil {
			return err
		}
	}
	if bilan.Territories, err = s.territories(ctx, year); err != nil {
		return err
	}
	if bilan.Hash, err = bilan.Seal(); err != nil {
		return err
	}
	text, err := deflate(bilan)
	if err != nil {
		return err
	}
	var writes dynamo.Writes
	s.enter(&writes, book, year, report.Published, at)
	writes.Add(s.table.Put(reportItem{reportKey(year), text}, dynamo.Absent))
	writes.Add(s.audit.Entry(ctx, "bilan.published", strconv.Itoa(year), nil, map[string]string{"hash": bilan.Hash}))
	return writes.Commit(ctx, s.table.Client)
}

// keep writes down the records behind a figure. It returns the fault
// "figures-differ" when they are not what its counter says.
func (s *service) keep(ctx context.Context, book bookItem, year int, f figure, counted tally) error {
	var total tally
	var page []record
	write := func() error {
		text, err := json.Marshal(page)
		if err != nil {
			return fmt.Errorf("freeze: %w", err)
		}
		var writes dynamo.Writes
		writes.Add(s.table.Check(bookKey, book.still(year)))
		writes.Add(s.table.Put(frozenItem{frozenPage(year, f.ID, (total.Elements-1)/recordsPerItem), string(text)}))
		page = nil
		return writes.Commit(ctx, s.table.Client)
	}
	var failed error
	err := s.elements(ctx, f, year, nil, func(key dynamo.Key, e element) bool {
		total.Elements++
		total.Amount += e.counted().Amount
		if page = append(page, recordOf(key.SK, e)); len(page) == recordsPerItem {
			failed = write()
		}
		return failed == nil
	})
	if err == nil && failed == nil && len(page) > 0 {
		failed = write()
	}
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	if total != counted {
		return errDiffer
	}
	var writes dynamo.Writes
	writes.Add(s.table.Check(bookKey, book.still(year)))
	writes.Add(s.table.Put(frozenTotal{frozenKey(year, f.ID, totalSK), total.Elements, total.Amount}))
	return writes.Commit(ctx, s.table.Client)
}
