package notify

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/membership"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// subject is a page of the team that tells more of a mail, or of who got it.
type subject struct {
	Path  string // empty for none
	Label string // "voir la candidature"
	// Mend says how a person whose address is wrong gets another one.
	Mend string
}

const (
	signaturePages = web.TeamRoot + "/allies/"
	cohortPages    = web.TeamRoot + "/cohortes/"
	sessionPages   = web.TeamRoot + "/agenda/"
)

// subjectAt is the page at a path, in words.
func subjectAt(path string) subject {
	switch {
	case path == "":
		return subject{}
	case strings.HasPrefix(path, signaturePages):
		return subject{path, "voir la signature", "la page de la signature dit comment en changer"}
	case strings.HasPrefix(path, cohortPages):
		return subject{path, "voir la candidature", "la page de la candidature dit comment en changer"}
	case strings.HasPrefix(path, sessionPages):
		return subject{path, "voir la rencontre", "la personne s’inscrit à nouveau à la rencontre, avec une autre adresse"}
	}
	return subject{Path: path, Label: "voir la page"}
}

// subject is what a mail is about: the page that it names, or that of all of
// its kind.
func (e mailEntry) subject() subject {
	if e.About != "" {
		return subjectAt(e.About)
	}
	return subjectAt(causeOf(e.Template).About)
}

// whom is how the pages call a person: by the name and the page of their
// signature. Of others than signatories nothing is known here.
type whom struct {
	Name string
	subject
}

// atOnce is how many people are looked up side by side.
const atOnce = 8

// knownAs finds which of some people have signed the charter, for a page that
// is shown: nothing of it is kept here. Each costs half a read unit.
func (s *service) knownAs(ctx context.Context, people []string) (map[string]whom, error) {
	found := map[string]whom{}
	return found, eachOf(ctx, people, func(ctx context.Context, person string, note func(func())) error {
		signed, ok, err := membership.Of(ctx, s.allies, person)
		if ok {
			note(func() { found[person] = whom{signed.Name(), subjectAt(signaturePages + signed.Ally)} })
		}
		return err
	})
}

// lastSubjects are what the latest mails to some people are about.
func (s *service) lastSubjects(ctx context.Context, people []string) (map[string]subject, error) {
	found := map[string]subject{}
	return found, eachOf(ctx, people, func(ctx context.Context, person string, note func(func())) error {
		var latest mailEntry
		err := s.table.Partition(ctx, personal.Partition(person), mail.IntentPrefix, func(attributes map[string]types.AttributeValue) error {
			entry, err := readEntry(attributes)
			if entry.subject().Path != "" && entry.AskedAt > latest.AskedAt {
				latest = entry
			}
			return err
		})
		note(func() { found[person] = latest.subject() })
		return err
	})
}

// eachOf does something for each of some people, who may come twice, some at
// once. What is done in note is done by one at a time.
func eachOf(ctx context.Context, people []string, do func(ctx context.Context, person string, note func(func())) error) error {
	var mutex sync.Mutex
	note := func(write func()) {
		mutex.Lock()
		defer mutex.Unlock()
		write()
	}
	asked, ctx := errgroup.WithContext(ctx)
	asked.SetLimit(atOnce)
	for _, person := range slices.Compact(slices.Sorted(slices.Values(people))) {
		asked.Go(func() error { return do(ctx, person, note) })
	}
	return asked.Wait()
}

// addSubjects notes what some mails are about: the index of mails does not say
// it. Each costs half a read unit.
func (s *service) addSubjects(ctx context.Context, entries []mailEntry) error {
	at := map[dynamo.Key]*mailEntry{}
	var keys []dynamo.Key
	for i, entry := range entries {
		key := mailKey(entry.Person, entry.ID)
		at[key], keys = &entries[i], append(keys, key)
	}
	return s.table.ItemsLately(ctx, keys, func(attributes map[string]types.AttributeValue) error {
		entry, err := readEntry(attributes)
		if of := at[mailKey(entry.Person, entry.ID)]; of != nil {
			of.About = entry.About
		}
		return err
	})
}
