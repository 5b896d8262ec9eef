package registration

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
)

// signing is what someone sends to sign the charter.
type signing struct {
	Kind         alliance.Kind      `json:"kind" enum:"organisation,person"`
	Organisation *organisationInput `json:"organisation,omitempty" doc:"Who signs, or where a person works"`
	Person       personInput        `json:"person" doc:"Who signs, or the organisation's contact"`
	Charter      acceptance         `json:"charter"`
	Consents     consents           `json:"consents"`
}

type organisationInput struct {
	Name      string            `json:"name" maxLength:"200"`
	Category  alliance.Category `json:"category,omitempty" enum:"local_authority,association,company,state,education_research,network,other"`
	SIRET     string            `json:"siret,omitempty" doc:"SIRET (14 digits) or SIREN (9)"`
	RNA       string            `json:"rna,omitempty" doc:"W and nine characters; associations of Alsace-Moselle have none"`
	Territory string            `json:"territory,omitempty" doc:"Official code of a commune, an EPCI or a département; REG-76 for a region"`
	Website   string            `json:"website,omitempty" maxLength:"200"`
}

type personInput struct {
	GivenName  string `json:"given_name" maxLength:"100"`
	FamilyName string `json:"family_name" maxLength:"100"`
	Email      string `json:"email" format:"email"`
	Role       string `json:"role,omitempty" maxLength:"100"`
}

type acceptance struct {
	Version  string `json:"version" doc:"As GET /v1/charter says"`
	Accepted bool   `json:"accepted"`
}

type consents struct {
	Newsletter bool `json:"newsletter"`
	Directory  bool `json:"directory" doc:"Show the organisation in the public directory"`
}

// Lengths in characters, wide enough for the longest names that are known.
const (
	maxName    = 100
	maxOrgName = 200
	maxWebsite = 200
)

// check tidies what was sent and notes every fault.
func (in *signing) check(faults *fault.Fields) {
	if in.Kind != alliance.Organisation && in.Kind != alliance.Person {
		faults.Add("kind", "Dites si vous signez pour une organisation ou en votre nom.")
	}
	if in.Kind == alliance.Organisation {
		if in.Organisation == nil {
			in.Organisation = &organisationInput{}
		}
		in.Organisation.check(faults)
	} else if in.Organisation != nil {
		in.Organisation.checkNamed(faults)
	}
	in.Person.check(faults)
	if !in.Charter.Accepted {
		faults.Add("charter.accepted", "Cochez la case pour vous engager à respecter la charte.")
	}
	if in.Charter.Version != currentCharter().Version {
		faults.Add("charter.version", "La charte a changé depuis l’ouverture de cette page : relisez-la, puis signez sa version en vigueur.")
	}
}

// check is for an organisation that signs.
func (o *organisationInput) check(faults *fault.Fields) {
	o.Name = line(o.Name)
	alliance.CheckText(faults, "organisation.name", o.Name, maxOrgName, "Saisissez le nom de l’organisation.")
	if !slices.Contains(alliance.Categories, o.Category) {
		faults.Add("organisation.category", "Choisissez une catégorie dans la liste.")
	}
	if o.SIRET = line(o.SIRET); o.SIRET != "" {
		number, ok := alliance.ParseSIRET(o.SIRET)
		if !ok {
			faults.Add("organisation.siret", "Vérifiez ce numéro : un SIRET a 14 chiffres, un SIREN 9, et le dernier est une clé de contrôle.")
		} else {
			o.SIRET = number
		}
	}
	if o.RNA = line(o.RNA); o.RNA != "" {
		number, ok := alliance.ParseRNA(o.RNA)
		if !ok {
			faults.Add("organisation.rna", "Un numéro RNA commence par W, suivi de neuf caractères, comme W751234567. Laissez vide si l’association n’en a pas.")
		} else {
			o.RNA = number
		}
	}
	o.checkTerritory(faults)
	o.checkWebsite(faults)
}

// checkNamed is for the organisation that a person ally merely names: only
// its name and territory are kept.
func (o *organisationInput) checkNamed(faults *fault.Fields) {
	*o = organisationInput{Name: line(o.Name), Territory: o.Territory}
	if utf8.RuneCountInString(o.Name) > maxOrgName || alliance.Unprintable(o.Name) {
		faults.Add("organisation.name", "Saisissez un nom de 200 caractères au plus.")
	}
	o.checkTerritory(faults)
}

func (o *organisationInput) checkTerritory(faults *fault.Fields) {
	if o.Territory = line(o.Territory); o.Territory == "" {
		return
	}
	found, err := territory.Lookup(o.Territory)
	if err == nil {
		current := found.Current()
		o.Territory = current.Ref()
		return
	}
	faults.Add("organisation.territory", territory.Advice(err))
}

func (o *organisationInput) checkWebsite(faults *fault.Fields) {
	if o.Website = line(o.Website); o.Website == "" {
		return
	}
	if !strings.Contains(o.Website, "://") {
		o.Website = "https://" + o.Website
	}
	address, err := url.Parse(o.Website)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || !strings.Contains(address.Hostname(), ".") ||
		address.User != nil || len(o.Website) > maxWebsite || alliance.Unprintable(o.Website) {
		faults.Add("organisation.website", "Saisissez une adresse comme https://www.exemple.fr")
	}
}

// What is said to whoever signs without a name.
const (
	noGivenName  = "Saisissez votre prénom."
	noFamilyName = "Saisissez votre nom."
)

func (p *personInput) check(faults *fault.Fields) {
	p.checkNames(faults)
	address, ok := alliance.ParseEmail(p.Email)
	if !ok {
		faults.Add("person.email", "Saisissez une adresse e-mail comme nom@exemple.fr")
		return
	}
	p.Email = address
}

func (p *personInput) checkNames(faults *fault.Fields) {
	p.GivenName, p.FamilyName, p.Role = line(p.GivenName), line(p.FamilyName), line(p.Role)
	alliance.CheckText(faults, "person.given_name", p.GivenName, maxName, noGivenName)
	alliance.CheckText(faults, "person.family_name", p.FamilyName, maxName, noFamilyName)
	if utf8.RuneCountInString(p.Role) > maxName || alliance.Unprintable(p.Role) {
		faults.Add("person.role", "Saisissez une fonction de 100 caractères au plus.")
	}
}

// listName is what the team's list sorts the signature by.
func (in *signing) listName() string {
	if in.Kind == alliance.Organisation {
		return in.Organisation.Name
	}
	return in.Person.FamilyName + " " + in.Person.GivenName
}

// line takes the spaces at both ends away.
func line(text string) string { return strings.TrimSpace(text) }

// normalisedEmail is the address as an identity.
func (in *signing) normalisedEmail() string { return alliance.NormaliseEmail(in.Person.Email) }

// claimsOf are the partition keys of all by which this ally is recognised, so
// that it signs once: the official numbers of an organisation or, without
// any, its name and territory; the person themself otherwise.
func claimsOf(kind alliance.Kind, o *organisationInput, personPartition string) []string {
	if kind == alliance.Person {
		return []string{personPartition}
	}
	var claims []string
	if o.SIRET != "" {
		claims = append(claims, "CLAIM#SIRET#"+o.SIRET)
	}
	if o.RNA != "" {
		claims = append(claims, "CLAIM#RNA#"+o.RNA)
	}
	if len(claims) == 0 {
		claims = append(claims, "CLAIM#NAME#"+territory.Fold(o.Name)+"#"+o.Territory)
	}
	return claims
}
