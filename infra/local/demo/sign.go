package demo

import (
	"fmt"
	"net/url"
	"strings"
)

type signing struct {
	Kind         string        `json:"kind"`
	Organisation *organisation `json:"organisation,omitempty"`
	Person       person        `json:"person"`
	Charter      acceptance    `json:"charter"`
	Consents     consents      `json:"consents"`
}

type acceptance struct {
	Version  string `json:"version"`
	Accepted bool   `json:"accepted"`
}

// sign notes that everyone signs on their day and confirms from their mail;
// all come in the order of their days.
func (d *diary) sign(all []ally, version string) {
	for len(all) > 0 {
		together := 1
		for together < len(all) && all[together].On == all[0].On {
			together++
		}
		today := all[:together]
		all = all[together:]
		d.note(moment(today[0].On, 10), func(c caller) error { return c.sign(today, version) })
	}
}

func (c caller) sign(today []ally, version string) error {
	err := each(today, func(a ally) error {
		return c.post("/v1/registrations", signing{a.Kind, a.Organisation, a.Person, acceptance{version, true}, a.Consents}, nil)
	})
	if err != nil {
		return err
	}
	if err := c.settle(); err != nil {
		return err
	}
	err = each(today, func(a ally) error {
		link, err := c.linkFor(a.Person.Email, "/rejoindre/confirmer")
		if err != nil {
			return err
		}
		return c.post("/v1/registrations/confirm", map[string]string{"token": link.Query().Get("token")}, nil)
	})
	if err != nil {
		return err
	}
	return c.forgetMails()
}

// linkFor is the link to a page in the latest mail to somebody that has one.
func (c caller) linkFor(email, page string) (found *url.URL, err error) {
	var mails []struct{ Links []string }
	if err := c.get("/_dev/mail?to="+url.QueryEscape(email), &mails); err != nil {
		return nil, err
	}
	for _, mail := range mails {
		for _, link := range mail.Links {
			address, err := url.Parse(link)
			if err == nil && strings.HasPrefix(address.Path, page) {
				found = address
			}
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%d mails came and none has a link to %s", len(mails), page)
	}
	return found, nil
}
