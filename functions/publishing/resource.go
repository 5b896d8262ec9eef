package publishing

import (
	"html/template"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// Kind is the kind of a resource.
type Kind string

// The kinds, in the order in which pages offer them.
const (
	Article      Kind = "article"
	SpecialIssue Kind = "special_issue"
	Podcast      Kind = "podcast"
	Case         Kind = "case"
	Video        Kind = "video"
	Tool         Kind = "tool"
	Thesis       Kind = "thesis"
)

var kinds = []Kind{Article, SpecialIssue, Podcast, Case, Video, Tool, Thesis}

// The bounds of a resource.
const (
	maxTitle     = 200
	maxSummary   = 600
	maxAuthors   = 20
	maxName      = 120
	maxSessions  = 10
	maxURL       = 500
	maxLicence   = 100
	maxSeconds   = 24 * 60 * 60
	fundamentals = 4 // domain: the four fundamentals
	dimensions   = 5 // and the five narrative dimensions
)

// defaultLicence lets others reuse what the alliance learns, under the same terms.
const defaultLicence = "CC BY-SA 4.0"

// resourceInput is a resource as the team writes it.
type resourceInput struct {
	Slug         string      `json:"slug,omitempty" doc:"Made from the title when it is not given; never changes"`
	Kind         Kind        `json:"kind" enum:"article,special_issue,podcast,case,video,tool,thesis"`
	Title        string      `json:"title" maxLength:"200"`
	Summary      string      `json:"summary,omitempty" maxLength:"600" doc:"The beginning of the text when it is not given"`
	Body         string      `json:"body,omitempty" maxLength:"100000" doc:"Markdown (CommonMark, tables, notes); HTML in it is left out"`
	Authors      []string    `json:"authors,omitempty" doc:"At most 20, by name"`
	PublishedOn  string      `json:"published_on,omitempty" format:"date" doc:"The day of publication when it is not given"`
	Language     string      `json:"language,omitempty" doc:"BCP 47, fr by default"`
	Fundamentals []int       `json:"fundamentals,omitempty" doc:"1 to 4"`
	Dimensions   []int       `json:"narrative_dimensions,omitempty" doc:"1 to 5"`
	Series       string      `json:"series,omitempty" doc:"Slug of a series"`
	Cohort       string      `json:"cohort,omitempty" doc:"Slug of a cohort"`
	Sessions     []string    `json:"sessions,omitempty" doc:"Ids of the sessions that it came from, at most 10"`
	URL          string      `json:"url,omitempty" doc:"Where it stands elsewhere, or a file of ours: /media/…"`
	Audio        *audioInput `json:"audio,omitempty"`
	Episode      int         `json:"episode,omitempty" doc:"Number of a podcast's episode"`
	Licence      string      `json:"licence,omitempty" doc:"CC BY-SA 4.0 by default"`
}

// audioInput is a recording: a file of ours by its id, which says the rest but
// how long it lasts, or one that stands elsewhere.
type audioInput struct {
	Media   string `json:"media,omitempty" doc:"Id of a file sent to POST /v1/media"`
	URL     string `json:"url,omitempty"`
	Bytes   int64  `json:"bytes,omitempty"`
	Seconds int    `json:"seconds"`
	Mime    string `json:"mime,omitempty"`
}

// audio is a recording as everyone sees it.
type audio struct {
	URL     string `json:"url" dynamodbav:"url"`
	Bytes   int64  `json:"bytes" dynamodbav:"bytes"`
	Seconds int    `json:"seconds" dynamodbav:"seconds"`
	Mime    string `json:"mime" dynamodbav:"mime"`
}

// resource is a resource as everyone sees it.
type resource struct {
	ID           string        `json:"id"`
	Slug         string        `json:"slug"`
	Kind         Kind          `json:"kind" enum:"article,special_issue,podcast,case,video,tool,thesis"`
	Title        string        `json:"title"`
	Summary      string        `json:"summary"`
	BodyHTML     template.HTML `json:"body_html"`
	Authors      []string      `json:"authors"`
	PublishedOn  string        `json:"published_on,omitempty" format:"date"`
	Language     string        `json:"language"`
	Fundamentals []int         `json:"fundamentals"`
	Dimensions   []int         `json:"narrative_dimensions"`
	Series       string        `json:"series,omitempty"`
	Cohort       string        `json:"cohort,omitempty"`
	Sessions     []string      `json:"sessions"`
	URL          string        `json:"url,omitempty"`
	Audio        *audio        `json:"audio,omitempty"`
	Episode      int           `json:"episode,omitempty"`
	Licence      string        `json:"licence"`
	Snippet      template.HTML `json:"snippet,omitempty" doc:"What was found, the words in <mark>"`
	Status       string        `json:"status" enum:"draft,published,withdrawn"`
	Revision     int           `json:"revision" doc:"Also the ETag"`
	UpdatedAt    time.Time     `json:"updated_at"`
	Body         string        `json:"body,omitempty" doc:"Markdown, for the team"`
}

var languageShape = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z]{2})?$`)

// check tidies a resource and notes every fault but those of what it links to.
func (in *resourceInput) check(faults *fault.Fields) {
	in.Title, in.Summary = strings.TrimSpace(in.Title), strings.TrimSpace(in.Summary)
	in.Language, in.Licence = or(in.Language, "fr"), or(strings.TrimSpace(in.Licence), defaultLicence)
	if !slices.Contains(kinds, in.Kind) {
		faults.Add("kind", "Choisissez une sorte de ressource : article, numéro spécial, podcast, documentation de cas, vidéo, outil ou thèse.")
	}
	if in.Slug == "" && in.Title != "" && alliance.Slug(in.Title) == "" {
		faults.Add("title", "Saisissez un titre avec des lettres latines ou des chiffres : l’adresse de la page en vient.")
	} else {
		alliance.CheckText(faults, "title", in.Title, maxTitle, "Saisissez un titre.")
	}
	alliance.CheckNewSlug(faults, "slug", in.Slug)
	if in.Summary != "" {
		alliance.CheckText(faults, "summary", in.Summary, maxSummary, "Saisissez un résumé.")
	}
	if _, err := render(in.Body); err != nil {
		faults.Add("body", "Ce texte est trop long ou trop imbriqué : 100 000 caractères au plus, 10 000 sans ligne vide, 12 niveaux de listes ou de citations.")
	}
	in.checkAuthors(faults)
	if in.PublishedOn != "" {
		if _, err := time.Parse(time.DateOnly, in.PublishedOn); err != nil {
			faults.Add("published_on", "Indiquez un jour, comme 2026-02-03.")
		}
	}
	if !languageShape.MatchString(in.Language) {
		faults.Add("language", "Indiquez une langue, comme fr.")
	}
	alliance.CheckText(faults, "licence", in.Licence, maxLicence, "Indiquez une licence, comme CC BY-SA 4.0.")
	in.Fundamentals = checkNumbers(faults, "fundamentals", in.Fundamentals, fundamentals)
	in.Dimensions = checkNumbers(faults, "narrative_dimensions", in.Dimensions, dimensions)
	alliance.CheckSlug(faults, "series", in.Series)
	alliance.CheckSlug(faults, "cohort", in.Cohort)
	if len(in.Sessions) > maxSessions {
		faults.Add("sessions", "Indiquez dix rencontres au plus.")
	}
	if in.URL != "" && !goodURL(in.URL, "https", "http", "") {
		faults.Add("url", "Saisissez une adresse complète, comme https://exemple.fr/page.")
	}
	if in.Episode < 0 || in.Episode > 10_000 || in.Episode > 0 && in.Kind != Podcast {
		faults.Add("episode", "Seul un podcast a un numéro d’épisode, de 1 à 10 000.")
	}
	in.Audio.check(faults)
}

func (in *resourceInput) checkAuthors(faults *fault.Fields) {
	if len(in.Authors) > maxAuthors {
		faults.Add("authors", "Indiquez vingt auteur·ices au plus.")
	}
	for i, name := range in.Authors {
		in.Authors[i] = strings.TrimSpace(name)
		alliance.CheckText(faults, "authors", in.Authors[i], maxName, "Saisissez un nom pour chaque auteur·ice.")
		if strings.Contains(name, "@") {
			faults.Add("authors", "Un nom suffit : une adresse e-mail serait publiée.")
		}
	}
}

func (in *audioInput) check(faults *fault.Fields) {
	if in == nil {
		return
	}
	if in.Seconds < 1 || in.Seconds > maxSeconds {
		faults.Add("audio.seconds", "Indiquez la durée de l’enregistrement, d’un jour au plus.")
	}
	if in.Media != "" {
		return
	}
	if !goodURL(in.URL, "https", "http", "") {
		faults.Add("audio.url", "Indiquez un fichier envoyé (media), ou une adresse complète.")
	}
	if in.Bytes < 1 {
		faults.Add("audio.bytes", "Indiquez la taille en octets : les lecteurs de podcasts la demandent.")
	}
	if !strings.HasPrefix(in.Mime, "audio/") || len(in.Mime) > 50 {
		faults.Add("audio.mime", "Indiquez un type, comme audio/mpeg.")
	}
}

// goodURL tells whether a text is an address of one of these schemes; the
// empty scheme stands for a path of ours.
func goodURL(text string, schemes ...string) bool {
	address, err := url.Parse(text)
	if err != nil || len(text) > maxURL || alliance.Unprintable(text) || !slices.Contains(schemes, address.Scheme) {
		return false
	}
	if address.Scheme == "" {
		return address.Host == "" && strings.HasPrefix(text, mediaPath)
	}
	return address.Host != "" && address.User == nil
}

// checkNumbers notes numbers that are out of range and returns them in order,
// each once.
func checkNumbers(faults *fault.Fields, location string, numbers []int, most int) []int {
	for _, n := range numbers {
		if n < 1 || n > most {
			faults.Add(location, "Indiquez des nombres de 1 à "+strconv.Itoa(most)+".")
		}
	}
	sorted := slices.Clone(numbers)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// shown is a resource as everyone sees it.
func (i resourceItem) shown() (resource, error) {
	body, err := render(i.Body)
	if err != nil {
		return resource{}, err
	}
	summary := i.Summary
	if summary == "" {
		summary = beginning(plain(body), maxSummary/2)
	}
	return resource{
		ID: i.ID, Slug: i.Slug, Kind: i.Kind, Title: i.Title, Summary: summary, BodyHTML: body, Authors: append([]string{}, i.Authors...),
		PublishedOn: i.PublishedOn, Language: i.Language, Fundamentals: append([]int{}, i.Fundamentals...), Dimensions: append([]int{}, i.Dimensions...),
		Series: i.Series, Cohort: i.Cohort, Sessions: append([]string{}, i.Sessions...), URL: i.URL, Audio: i.Audio, Episode: i.Episode,
		Licence: i.Licence, Status: i.State, Revision: i.Revision, UpdatedAt: i.UpdatedAt,
	}, nil
}

// forTeam is a resource with its Markdown.
func (i resourceItem) forTeam() (resource, error) {
	shown, err := i.shown()
	shown.Body = i.Body
	return shown, err
}

// noAuthors is who signs what nobody else does.
const noAuthors = "La Fabrique des transitions"

// runes counts characters as people do.
func runes(text string) int { return utf8.RuneCountInString(text) }
