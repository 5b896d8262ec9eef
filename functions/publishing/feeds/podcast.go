package feeds

import (
	"crypto/sha1" //nolint:gosec // UUIDs of version 5 are made with it
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// Show is what a podcast says of itself.
type Show struct {
	GUID                  string // permanent, even if the feed moves: what PodcastGUID gave at first
	Title, Description    string
	Author                string
	OwnerName, OwnerEmail string
	Self, Home, Image     string // URLs; the image is square, from 1400 to 3000 pixels
	Language              string
	Category, Subcategory string // of Apple's list
	Licence               string // identifier of SPDX, such as CC-BY-SA-4.0
	LicenceURL            string
	Since                 time.Time // when it is as of while it is empty
}

type rss struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	Atom    string     `xml:"xmlns:atom,attr"`
	Content string     `xml:"xmlns:content,attr"`
	ITunes  string     `xml:"xmlns:itunes,attr"`
	Podcast string     `xml:"xmlns:podcast,attr"`
	Channel rssChannel `xml:"channel"`
}

type rssChannel struct {
	Title       string       `xml:"title"`
	Link        string       `xml:"link"`
	Description string       `xml:"description"`
	Language    string       `xml:"language"`
	Built       string       `xml:"lastBuildDate"`
	Self        rssSelf      `xml:"atom:link"`
	Author      string       `xml:"itunes:author"`
	Owner       *rssOwner    `xml:"itunes:owner"`
	Image       rssHref      `xml:"itunes:image"`
	Category    rssCategory  `xml:"itunes:category"`
	Explicit    string       `xml:"itunes:explicit"`
	Type        string       `xml:"itunes:type"`
	GUID        string       `xml:"podcast:guid"`
	Medium      string       `xml:"podcast:medium"`
	Licence     *rssLicence  `xml:"podcast:license"`
	Items       []rssEpisode `xml:"item"`
}

type rssSelf struct {
	Href string `xml:"href,attr"`
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
}

type rssOwner struct {
	Name  string `xml:"itunes:name"`
	Email string `xml:"itunes:email"`
}

type rssHref struct {
	Href string `xml:"href,attr"`
}

type rssCategory struct {
	Text string       `xml:"text,attr"`
	Sub  *rssCategory `xml:"itunes:category"`
}

type rssLicence struct {
	URL  string `xml:"url,attr,omitempty"`
	Name string `xml:",chardata"`
}

type rssEpisode struct {
	Title       string         `xml:"title"`
	Link        string         `xml:"link"`
	GUID        rssGUID        `xml:"guid"`
	Published   string         `xml:"pubDate"`
	Description string         `xml:"description"`
	Content     string         `xml:"content:encoded,omitempty"`
	Enclosure   rssEnclosure   `xml:"enclosure"`
	Categories  []string       `xml:"category"`
	Author      string         `xml:"itunes:author,omitempty"`
	Duration    int            `xml:"itunes:duration,omitempty"`
	Season      int            `xml:"itunes:season,omitempty"`
	Episode     int            `xml:"itunes:episode,omitempty"`
	EpisodeType string         `xml:"itunes:episodeType"`
	Explicit    string         `xml:"itunes:explicit"`
	Image       *rssHref       `xml:"itunes:image"`
	Transcript  *rssTranscript `xml:"podcast:transcript"`
}

type rssGUID struct {
	PermaLink bool   `xml:"isPermaLink,attr"`
	ID        string `xml:",chardata"`
}

type rssEnclosure struct {
	URL    string `xml:"url,attr"`
	Length int64  `xml:"length,attr"`
	Type   string `xml:"type,attr"`
}

type rssTranscript struct {
	URL      string `xml:"url,attr"`
	Type     string `xml:"type,attr"`
	Language string `xml:"language,attr,omitempty"`
}

// Podcast writes the feed of a show: RSS 2.0 with the elements of Apple and of
// Podcasting 2.0. Entries without audio are left out; audio without its length
// or type is an error, for players trust them.
func Podcast(show Show, entries []Entry) ([]byte, error) {
	document := rss{
		Version: "2.0",
		Atom:    "http://www.w3.org/2005/Atom", Content: "http://purl.org/rss/1.0/modules/content/",
		ITunes: "http://www.itunes.com/dtds/podcast-1.0.dtd", Podcast: "https://podcastindex.org/namespace/1.0",
		Channel: rssChannel{
			Title: show.Title, Link: show.Home, Description: show.Description, Language: show.Language,
			Self:   rssSelf{show.Self, "self", "application/rss+xml"},
			Author: show.Author, Image: rssHref{show.Image}, Category: rssCategory{Text: show.Category},
			Explicit: "false", Type: "episodic", GUID: show.GUID, Medium: "podcast",
		},
	}
	channel := &document.Channel
	if show.Subcategory != "" {
		channel.Category.Sub = &rssCategory{Text: show.Subcategory}
	}
	if show.OwnerEmail != "" {
		channel.Owner = &rssOwner{show.OwnerName, show.OwnerEmail}
	}
	if show.Licence != "" {
		channel.Licence = &rssLicence{show.LicenceURL, show.Licence}
	}
	var episodes []Entry
	for _, entry := range entries {
		if entry.Audio == nil {
			continue
		}
		if entry.Audio.Bytes <= 0 || entry.Audio.MIME == "" || entry.Audio.URL == "" {
			return nil, fmt.Errorf("feeds: the audio of %s has no length, type or address", entry.ID)
		}
		episodes = append(episodes, entry)
		channel.Items = append(channel.Items, episodeOf(entry))
	}
	channel.Built = rssTime(newest(episodes, show.Since))
	return write(document)
}

func episodeOf(entry Entry) rssEpisode {
	audio := entry.Audio
	written := rssEpisode{
		Title: entry.Title, Link: entry.URL, GUID: rssGUID{ID: entry.ID}, Published: rssTime(entry.Published),
		Description: entry.Summary, Content: entry.HTML,
		Enclosure: rssEnclosure{audio.URL, audio.Bytes, audio.MIME},
		Author:    strings.Join(entry.Authors, ", "), Duration: int(audio.Duration.Round(time.Second).Seconds()),
		Season: audio.Season, Episode: audio.Episode, EpisodeType: "full", Explicit: "false",
	}
	for _, category := range entry.Categories {
		written.Categories = append(written.Categories, category.Label)
	}
	if audio.Image != "" {
		written.Image = &rssHref{audio.Image}
	}
	if audio.Transcript != "" {
		written.Transcript = &rssTranscript{audio.Transcript, audio.TranscriptMIME, entry.Language}
	}
	return written
}

// rssTime writes a time as RFC 822 does, with four digits of the year.
func rssTime(t time.Time) string { return t.UTC().Format(time.RFC1123Z) }

// podcastSpace is the name space of podcast:guid.
var podcastSpace = [16]byte{0xea, 0xd4, 0xc2, 0x36, 0xbf, 0x58, 0x58, 0xc6, 0xa2, 0xc6, 0xa6, 0xb2, 0x8d, 0x12, 0x8c, 0xb6}

// PodcastGUID gives the podcast:guid of a feed's first address: the UUID of
// version 5 (RFC 9562) of the address without scheme nor slash at its end.
func PodcastGUID(address string) string {
	if _, rest, found := strings.Cut(address, "://"); found {
		address = rest
	}
	hash := sha1.New() //nolint:gosec // see above
	hash.Write(podcastSpace[:])
	hash.Write([]byte(strings.TrimRight(address, "/")))
	id := hash.Sum(nil)[:16]
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
