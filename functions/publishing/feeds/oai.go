package feeds

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Repository answers OAI-PMH 2.0: what was published, changed and withdrawn, as
// unqualified Dublin Core.
type Repository struct {
	Name       string
	BaseURL    string // of the protocol, such as https://example.org/oai
	Publisher  string // dc:publisher of each record
	AdminEmail string
	Earliest   time.Time // no record changed before
	Sets       []Set     // all there are; none when records are in no set
	PageSize   int       // records asked of Changes at once; 100 when 0

	// Record gives the record with an identifier, and whether there is one,
	// deleted or not.
	Record func(ctx context.Context, identifier string) (Record, bool, error)
	// Changes gives the records that changed within the interval, both ends
	// within, the earliest change first, at most limit of them, after the
	// cursor that an earlier call gave (empty at first). The cursor it gives is
	// empty when there are no more. A cursor that it never gave is ErrCursor.
	Changes func(ctx context.Context, within Interval, after string, limit int) ([]Record, string, error)
	// Now is the present time.
	Now func() time.Time
}

// Interval is of instants; a zero one leaves its end open.
type Interval struct{ From, Until time.Time }

// ErrCursor is what Changes answers for a cursor that it did not give.
var ErrCursor = errors.New("feeds: unknown cursor")

// Set is a part of the repository: a specification such as kind:article, or
// kind for all kinds, and its name for people.
type Set struct{ Spec, Name string }

// Record is an entry as harvesters follow it.
type Record struct {
	Identifier string // oai:example.org:01H…
	Changed    time.Time
	Deleted    bool     // it was published once, and is no more
	Sets       []string // specifications
	Type       string   // dc:type: Text, Sound, MovingImage…
	Coverage   []string // dc:coverage: names of places
	Entry      Entry    // of no deleted record
}

const defaultPageSize = 100

// maxForm bounds what is posted, in bytes: far more than all arguments need.
const maxForm = 16 << 10

// Serve answers a request, by GET or POST. What the protocol calls errors are
// answers too, with status 200; the error is of what failed on our side.
func (o *Repository) Serve(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	answer, err := o.answer(r)
	if err != nil {
		return err
	}
	body, err := write(answer)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", OAIType)
	_, err = w.Write(body) //nolint:gosec // XML, with all that was asked escaped
	return err
}

func (o *Repository) answer(r *http.Request) (oaiPMH, error) {
	answer := oaiPMH{
		Namespace: oaiNamespace, XSI: xsiNamespace,
		Location: oaiNamespace + " http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd",
		Date:     instant(o.Now()), Request: oaiRequest{BaseURL: o.BaseURL},
	}
	asked, problems := o.read(r)
	if len(problems) == 0 {
		answer.Request = asked.echo(o.BaseURL)
		var err error
		if problems, err = o.do(r.Context(), asked, &answer); err != nil {
			return answer, err
		}
	}
	answer.Errors = problems
	return answer, nil
}

// do carries out a request whose arguments are in order.
func (o *Repository) do(ctx context.Context, asked arguments, answer *oaiPMH) ([]problem, error) {
	switch asked.verb {
	case "Identify":
		answer.Identify = o.identify()
	case "ListMetadataFormats":
		return o.listFormats(ctx, asked, answer)
	case "ListSets":
		return o.listSets(asked, answer), nil
	case "GetRecord":
		return o.getRecord(ctx, asked, answer)
	default:
		return o.list(ctx, asked, answer)
	}
	return nil, nil
}

func (o *Repository) identify() *oaiIdentify {
	return &oaiIdentify{
		Name: o.Name, BaseURL: o.BaseURL, Version: "2.0", Email: o.AdminEmail,
		Earliest: instant(o.Earliest), Deleted: "persistent", Granularity: "YYYY-MM-DDThh:mm:ssZ",
	}
}

func (o *Repository) listFormats(ctx context.Context, asked arguments, answer *oaiPMH) ([]problem, error) {
	if asked.identifier != "" {
		if _, found, err := o.Record(ctx, asked.identifier); err != nil || !found {
			return unknown(asked.identifier), err
		}
	}
	answer.Formats = &oaiFormats{oaiFormat{dcPrefix, "http://www.openarchives.org/OAI/2.0/oai_dc.xsd", dcNamespace}}
	return nil, nil
}

func (o *Repository) listSets(asked arguments, answer *oaiPMH) []problem {
	switch {
	case len(o.Sets) == 0:
		return []problem{{"noSetHierarchy", "This repository has no sets."}}
	case asked.token != "":
		return []problem{{"badResumptionToken", "The list of sets is given whole."}}
	}
	answer.Sets = &oaiSets{}
	for _, set := range o.Sets {
		answer.Sets.Sets = append(answer.Sets.Sets, oaiSet(set))
	}
	return nil
}

func (o *Repository) getRecord(ctx context.Context, asked arguments, answer *oaiPMH) ([]problem, error) {
	record, found, err := o.Record(ctx, asked.identifier)
	if err != nil {
		return nil, err
	}
	var problems []problem
	if !found {
		problems = unknown(asked.identifier)
	}
	if asked.prefix != dcPrefix {
		problems = append(problems, noFormat(asked.prefix))
	}
	if len(problems) == 0 {
		answer.Record = &oaiGetRecord{o.record(record)}
	}
	return problems, nil
}

func unknown(identifier string) []problem {
	return []problem{{"idDoesNotExist", identifier + " is of no record here."}}
}

func noFormat(prefix string) problem {
	return problem{"cannotDisseminateFormat", "Records are given as " + dcPrefix + " alone, not as " + prefix + "."}
}
