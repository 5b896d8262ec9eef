package feeds

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
)

// token is where a list goes on. It holds the arguments of the first request,
// so it never expires: what changes meanwhile moves to the end of the list, and
// is given there again.
type token struct {
	Verb   string `json:"v"`
	From   string `json:"f,omitempty"`
	Until  string `json:"u,omitempty"`
	Set    string `json:"s,omitempty"`
	Cursor string `json:"c"` // of Changes
	Given  int    `json:"n"` // records given before
}

func (t token) String() string {
	text, err := json.Marshal(t)
	if err != nil {
		panic(err) // strings and a number
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// resume gives the request that a token goes on with.
func (a arguments) resume() (arguments, token, bool) {
	var t token
	text, err := base64.RawURLEncoding.DecodeString(a.token)
	if err != nil || json.Unmarshal(text, &t) != nil || t.Verb != a.verb || t.Cursor == "" || t.Given <= 0 || t.String() != a.token {
		return a, t, false
	}
	resumed := arguments{verb: a.verb, prefix: dcPrefix, from: t.From, until: t.Until, set: t.Set}
	_, problems := resumed.interval()
	return resumed, t, len(problems) == 0 && (t.Set == "" || setShape.MatchString(t.Set))
}

// list answers ListRecords and ListIdentifiers.
func (o *Repository) list(ctx context.Context, asked arguments, answer *oaiPMH) ([]problem, error) {
	var from token
	if asked.token != "" {
		var ok bool
		if asked, from, ok = asked.resume(); !ok {
			return badToken(), nil
		}
	}
	if asked.prefix != dcPrefix {
		return []problem{noFormat(asked.prefix)}, nil
	}
	if asked.set != "" && len(o.Sets) == 0 {
		return []problem{{"noSetHierarchy", "This repository has no sets."}}, nil
	}
	records, cursor, err := o.page(ctx, asked, from.Cursor)
	if errors.Is(err, ErrCursor) {
		return badToken(), nil
	}
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		if from.Given > 0 { // the last records of the list are gone meanwhile
			return badToken(), nil
		}
		return []problem{{"noRecordsMatch", "No record changed so."}}, nil
	}
	var resume *oaiToken
	if cursor != "" || from.Given > 0 {
		resume = &oaiToken{Cursor: from.Given}
	}
	if cursor != "" {
		resume.Token = token{asked.verb, asked.from, asked.until, asked.set, cursor, from.Given + len(records)}.String()
	}
	o.give(asked.verb, records, resume, answer)
	return nil, nil
}

func (o *Repository) give(verb string, records []Record, resume *oaiToken, answer *oaiPMH) {
	if verb == "ListIdentifiers" {
		answer.Identifiers = &oaiIdentifiers{Token: resume}
		for _, record := range records {
			answer.Identifiers.Headers = append(answer.Identifiers.Headers, header(record))
		}
		return
	}
	answer.Records = &oaiRecords{Token: resume}
	for _, record := range records {
		answer.Records.Records = append(answer.Records.Records, o.record(record))
	}
}

func badToken() []problem {
	return []problem{{"badResumptionToken", "This token is of no list here. Ask for the list again."}}
}

// page gives the next records of the set that is asked for. It reads on until
// it has one, for a page of none cannot be said; and it looks one page ahead,
// so that a token always leads to a record.
func (o *Repository) page(ctx context.Context, asked arguments, cursor string) ([]Record, string, error) {
	within, _ := asked.interval()
	size := o.PageSize
	if size == 0 {
		size = defaultPageSize
	}
	var found []Record
	for {
		records, next, err := o.Changes(ctx, within, cursor, size)
		if err != nil {
			return nil, "", err
		}
		records = slices.DeleteFunc(slices.Clone(records), func(r Record) bool { return !r.within(asked.set) })
		if len(found) > 0 && len(records) > 0 {
			return found, cursor, nil
		}
		if found = append(found, records...); next == "" {
			return found, "", nil
		}
		cursor = next
	}
}

// within tells whether a record is in a set, or in one below it.
func (r Record) within(set string) bool {
	return set == "" || slices.ContainsFunc(r.Sets, func(spec string) bool {
		return spec == set || strings.HasPrefix(spec, set+":")
	})
}

// interval reads from and until: both of days, or both of seconds.
func (a arguments) interval() (within Interval, problems []problem) {
	read := func(name, value string, last time.Duration) (time.Time, string) {
		for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05Z"} {
			if t, err := time.Parse(layout, value); err == nil {
				if layout == time.DateOnly && last > 0 {
					t = t.AddDate(0, 0, 1).Add(-time.Second)
				}
				return t.Add(last), layout
			}
		}
		if value != "" {
			problems = append(problems, problem{"badArgument", name + " must be YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ."})
		}
		return time.Time{}, ""
	}
	var fromLayout, untilLayout string
	within.From, fromLayout = read("from", a.from, 0)
	within.Until, untilLayout = read("until", a.until, time.Second-time.Nanosecond)
	if fromLayout != "" && untilLayout != "" {
		if fromLayout != untilLayout {
			problems = append(problems, problem{"badArgument", "from and until must both be of days, or both of seconds."})
		} else if within.From.After(within.Until) {
			problems = append(problems, problem{"badArgument", "from must not be after until."})
		}
	}
	return within, problems
}
