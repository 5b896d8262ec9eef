package publishing

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/agenda"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// How much of what exists a form offers: the latest. What a resource is linked
// to already is offered besides.
const (
	offeredNames    = 100  // series, recordings, documents: years of them
	offeredSessions = 40   // and a hundred of a month that is asked for
	readFiles       = 1000 // among which recordings and documents are looked for
)

// offered is what a resource may be linked to, by the names that people know.
type offered struct {
	Series, Cohorts, Sessions, Recordings []web.Option
	Documents                             []string // addresses
}

// seriesOptions are the workshops and learning communities, the latest first.
func (s *service) seriesOptions(ctx context.Context) (options []web.Option, err error) {
	var all []struct {
		Slug string `dynamodbav:"slug"`
		Name string `dynamodbav:"name"`
	}
	_, err = queryIndex(ctx, s.agenda, "agenda", expression.Key("agenda").Equal(expression.Value(agenda.SeriesListed)), false, offeredNames, nil, &all)
	for _, one := range all {
		options = append(options, web.Option{Value: one.Slug, Label: or(one.Name, one.Slug)})
	}
	return options, err
}

// cohortOptions are the cohorts, the latest first.
func (s *service) cohortOptions(ctx context.Context) (options []web.Option, err error) {
	all, err := partnership.CohortNames(ctx, s.cohorts)
	for _, one := range all {
		options = append(options, web.Option{Value: one.Slug, Label: or(one.Name, one.Slug)})
	}
	return options, err
}

// sessionOptions are the sessions of a month, or the latest that have begun,
// but for those that were cancelled; then those that are chosen already.
func (s *service) sessionOptions(ctx context.Context, month time.Time, chosen []string) ([]web.Option, error) {
	var found []struct {
		agenda.Session
		State string `dynamodbav:"state"`
	}
	from, to, most := time.Time{}, s.now(), offeredSessions
	if !month.IsZero() {
		from, to, most = month, month.AddDate(0, 1, 0), maxLimit
	}
	key := expression.Key("agenda").Equal(expression.Value(agenda.SessionsListed)).
		And(expression.Key("agenda_at").Between(expression.Value(from.UTC().Format(time.RFC3339)), expression.Value(to.UTC().Format(time.RFC3339))))
	if _, err := queryIndex(ctx, s.agenda, "agenda", key, false, most, nil, &found); err != nil {
		return nil, err
	}
	var options []web.Option
	missing := slices.Clone(chosen)
	for _, one := range found {
		isChosen := slices.Contains(chosen, one.ID)
		if one.State != "cancelled" || isChosen {
			options = append(options, sessionOption(one.Session))
		}
		if isChosen {
			missing = slices.DeleteFunc(missing, func(id string) bool { return id == one.ID })
		}
	}
	kept, err := s.meetings(ctx, missing[:min(len(missing), maxSessions)])
	if err != nil {
		return nil, err
	}
	for _, one := range kept {
		options = append(options, sessionOption(one))
	}
	for _, id := range missing {
		options = web.WithValue(options, id) // one that is gone
	}
	return options, nil
}

func sessionOption(one agenda.Session) web.Option {
	return web.Option{Value: one.ID, Label: one.Title + ", " + french.Day(one.StartsAt) + ", " + french.Hour(one.StartsAt)}
}

// fileOptions are the latest recordings and documents that were checked.
func (s *service) fileOptions(ctx context.Context) (recordings []web.Option, documents []string, err error) {
	var found []mediaItem
	_, err = s.queryIndex(ctx, "files", expression.Key("files").Equal(expression.Value(allFiles)), false, readFiles, nil, &found)
	for _, file := range found {
		if file.State != ready {
			continue
		}
		switch family := mediaTypes[file.Type].family; {
		case family == "audio" && len(recordings) < offeredNames:
			recordings = append(recordings, web.Option{Value: file.ID, Label: file.Name + ", " + size(file.Bytes) + ", " + french.Date(file.CreatedAt)})
		case family == "document" && len(documents) < offeredNames:
			documents = append(documents, mediaURL(file))
		}
	}
	return recordings, documents, err
}

// The form is shown again with what it was asked for, by the button that says
// "look" in the field that says what to do: the sessions of another month too.
const (
	doField    = "faire"
	look       = "apercu"
	monthField = "mois"
)

// offer reads what the form of a resource offers, and what stands in it. A
// month that cannot be read is a fault, once its sessions are asked for.
func (s *service) offer(ctx context.Context, values url.Values, faults *fault.Fields) (o offered, err error) {
	month, monthErr := time.ParseInLocation("2006-01", values.Get(monthField), french.Paris())
	if monthErr != nil && values.Get(monthField) != "" && values.Get(doField) == look {
		faults.Add(monthField, "Saisissez un mois, comme 2026-03.")
	}
	if o.Series, err = s.seriesOptions(ctx); err != nil {
		return o, err
	}
	if o.Cohorts, err = s.cohortOptions(ctx); err != nil {
		return o, err
	}
	if o.Sessions, err = s.sessionOptions(ctx, month, values["sessions"]); err != nil {
		return o, err
	}
	if o.Recordings, o.Documents, err = s.fileOptions(ctx); err != nil {
		return o, err
	}
	o.Series, o.Cohorts = web.WithValue(o.Series, values.Get("series")), web.WithValue(o.Cohorts, values.Get("cohort"))
	o.Recordings = web.WithValue(o.Recordings, values.Get("audio.media"))
	return o, nil
}

// size is how large a file is, as people say it.
func size(bytes int64) string {
	switch {
	case bytes >= megabyte:
		return strings.ReplaceAll(strconv.FormatFloat(float64(bytes)/megabyte, 'f', 1, 64), ".", ",") + french.NoBreak + "Mo"
	case bytes >= 1024:
		return french.Number(int((bytes+512)/1024)) + french.NoBreak + "ko"
	}
	return french.Number(int(bytes)) + french.NoBreak + "octets"
}
