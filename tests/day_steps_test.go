package tests

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// plans has a member open a session and a cohort, and leave.
func (d *day) plans() {
	d.enterAs(member)
	d.reads("Rien n’attend")
	d.open("/equipe/agenda/nouvelle")
	d.choose("kind", "initiation")
	d.fill("title", initiation)
	d.choose("day", d.today.Format(time.DateOnly))
	d.choose("starts_at", "09:30")
	d.choose("ends_at", "12:30")
	d.tap("Sur place")
	d.fill("place", "Mairie de Figeac")
	d.fill("capacity", "12")
	d.press("Créer la rencontre")
	d.reads("La rencontre est créée", "0 place prise sur 12")

	d.open("/equipe/cohortes/nouvelle")
	for id, text := range map[string]string{"slug": "occitanie", "name": "Occitanie", "programme": "Cohortes régionales", "seats": "8"} {
		d.fill(id, text)
	}
	d.tap("Régionale")
	d.choose("region", "76")
	for id, days := range map[string]int{"opens_on": -30, "closes_on": 30, "starts_on": 45, "ends_on": 400} {
		d.choose(id, d.today.AddDate(0, 0, days).Format(time.DateOnly))
	}
	d.press("Ouvrir la cohorte")
	d.reads("La cohorte est ouverte", "0 place prise sur 8")
	d.leaves()
}

// signs has a visitor sign the charter and confirm from the mailbox: the home
// page counts one organisation more, and the directory names it.
func (d *day) signs() {
	d.open("/")
	before := d.number(".figure strong")
	d.press("Signer la charte")
	d.picture("01-sign", "")
	d.sign(newAlly)
	d.reads("Votre signature attend votre confirmation")
	d.open("/")
	if n := d.number(".figure strong"); n != before {
		d.t.Errorf("%d organisations are counted before the signature is confirmed, %d before it", n, before)
	}
	link := d.mail(newAlly, "Confirmez votre signature", "/rejoindre/confirmer")
	d.open("/_dev/mail")
	d.picture("02-mailbox", "")
	d.press(d.origin + link)
	d.press("Confirmer ma signature")
	d.reads("Merci, c’est enregistré")
	d.mail(newAlly, "Bienvenue dans l’alliance", "")
	d.open("/")
	if n := d.number(".figure strong"); n != before+1 {
		d.t.Errorf("%d organisations are counted, after %d and a signature", n, before)
	}
	d.open("/allies")
	d.reads("Communauté du Vallon")
}

// books has the new ally take a seat.
func (d *day) books() {
	d.open("/agenda")
	d.reads("12 places libres")
	d.press(initiation)
	d.book("Jeanne", newAlly)
	d.fill("family_name", "Delmas")
	d.fill("territory", "46102")
	d.press("Réserver ma place")
	d.reads("À bientôt, Jeanne")
	d.picture("03-booking", "")
	d.booking = "/reservations/" + d.lastPart()
	d.mail(newAlly, "Votre place", d.booking)
	d.open("/agenda")
	d.reads("11 places libres")
}

// applies has a territory apply with its four, who confirm from their mails.
func (d *day) applies() {
	d.open("/cohortes")
	d.press("Occitanie")
	d.press("Candidater pour mon territoire")
	d.apply()
	page := "/candidatures/" + d.lastPart()
	for i, role := range fourRoles {
		d.follow(role+"@territoire.example", "Confirmez votre participation", page)
		if i == 1 {
			d.picture("04-one-of-four", "")
		}
		d.press("Je confirme ma participation")
		if n := strings.Count(d.text(), "A confirmé"); n != i+1 {
			d.t.Errorf("%d have confirmed after %d did", n, i+1)
		}
	}
	d.reads("Tout est là")
}

// findsWork has a member sign in after the session: the home tells what waits.
func (d *day) findsWork() {
	d.enterAs(member)
	d.reads("Voici ce qui attend un coup de main", "1 candidature à décider", "1 rencontre sans présences")
	d.picture("05-home", "")
}

// home opens the team's home, for what it says.
func (d *day) home(texts ...string) {
	d.open("/equipe")
	d.reads(texts...)
}

// takesAttendance notes on a phone who came, with one who had not booked.
func (d *day) takesAttendance() {
	d.home("1 rencontre sans présences")
	d.press("1 rencontre sans présences")
	d.press(initiation)
	d.tap("Delmas Jeanne")
	d.pocket("06-attendance", "")
	d.press("Ajouter des personnes sans inscription")
	d.fill("walk_ins-1-email", "passante@exemple.example")
	d.fill("walk_ins-1-territory", "31555")
	d.press("Enregistrer les présences")
	d.reads("Les présences sont notées", "Présences notées")
	d.pocket("07-attended", "")
	d.mail(newAlly, "Merci d’être venu·e", d.booking)
	d.home("Aucune rencontre sans présences", "1 candidature à décider")
}

// decides accepts the application, after a look at the mail that goes out.
func (d *day) decides() {
	d.home("1 candidature à décider")
	d.press("1 candidature à décider")
	d.reads("0 place prise sur 8")
	d.press("Occitanie")
	d.press("Figeac")
	d.tap("Accepter")
	d.press("Relire avant d’envoyer")
	d.reads("L’e-mail qui partira", "est acceptée")
	d.picture("08-decision", "")
	d.press("Décider et envoyer")
	d.reads("La décision est enregistrée", "1 place prise sur 8")
	for _, role := range fourRoles {
		d.mail(role+"@territoire.example", "Bienvenue dans la cohorte", "")
	}
	d.open("/cohortes/occitanie")
	d.reads("1 territoire accompagné", "Figeac")
	d.home("Rien n’attend")
}

// publishes writes a resource, which readers find once it is published.
func (d *day) publishes() {
	d.open("/ressources")
	d.reads("0 ressource")
	d.open("/equipe/ressources")
	d.press("Écrire une ressource")
	d.choose("kind", "article")
	d.fill("title", "Les rivières partagées")
	d.fill("summary", "Au bord du Célé, on s’est mis d’accord sur l’eau.")
	d.fill("body", "## Ce qui a compté\n\nOn a commencé par *écouter*, puis par marcher ensemble le long de la rivière.")
	d.fill("authors", "Jeanne Delmas")
	d.press("Garder comme brouillon")
	d.reads("Brouillon", "Ce qui a compté")
	d.press("Publier")
	d.reads("Publiée")
	d.picture("09-resource", "")
	d.open("/ressources")
	d.reads("1 ressource", "Les rivières partagées")
}

// recordsATalk notes what happened elsewhere, on the day of the session.
func (d *day) recordsATalk() {
	d.describes("Conférence à Rodez", d.today)
	d.picture("10-fact", "formulaire")
	d.press("Enregistrer")
	d.reads("C’est enregistré", "Conférence à Rodez")
}

// describes fills the form of an intervention.
func (d *day) describes(title string, on time.Time) {
	d.open("/equipe/faits?type=intervention")
	d.fill("data-title", title)
	d.choose("data-on", on.Format(time.DateOnly))
	d.choose("data-form", "talk")
}

// closesTheYear has an administrator close and publish, in January: the
// figures that people read stay those that the year had reached.
func (d *day) closesTheYear() {
	reached := d.figure("interventions.all")
	d.enterAs(administrator)
	d.open("/equipe/bilans")
	d.press(fmt.Sprint(d.today.Year()))
	d.reads("Cette année est finie")
	d.press(fmt.Sprintf("Clôturer %d", d.today.Year()))
	d.reads("Cochez la case pour confirmer")
	d.tick("sure")
	d.press(fmt.Sprintf("Clôturer %d", d.today.Year()))
	d.reads("Cette année est close")
	d.picture("11-closed", "")
	d.tick("sure")
	d.press(fmt.Sprintf("Publier le bilan %d", d.today.Year()))
	d.reads("Ce bilan est publié depuis le 12 janvier")
	if n := d.figure("interventions.all"); n != reached {
		d.t.Errorf("%d interventions are published, of %d", n, reached)
	}
	d.reads("Publié le 12 janvier", "Cette année est figée.")
}

// learnsLater records what the year missed: what was published stays, and the
// public page says what it would have been.
func (d *day) learnsLater() {
	published := d.figure("interventions.all")
	d.describes("Table ronde à Cahors", d.today.AddDate(0, 5, 0))
	d.press("Enregistrer")
	d.reads("C’est enregistré", "ses chiffres restent")
	if n := d.figure("interventions.all"); n != published {
		d.t.Errorf("a published figure went from %d to %d", published, n)
	}
	d.reads("1 correction depuis", "Table ronde à Cahors")
	for place, want := range map[int]int{3: published, 4: published + 1} {
		if n := d.number(fmt.Sprintf("#corrections ~ .scroll td:nth-child(%d)", place)); n != want {
			d.t.Errorf("the correction says %d in column %d, not %d", n, place, want)
		}
	}
	d.picture("12-correction", "corrections")
}

// looksBack reads who did what in the journal, and who has an account.
func (d *day) looksBack() {
	for month, noted := range map[int]struct {
		who  string
		what []string
	}{
		-1: {member, []string{"Rencontre créée", "Cohorte créée"}},
		0:  {member, []string{"Présences notées", "Candidature acceptée", "Ressource publiée", "Fait enregistré"}},
		7:  {administrator, []string{"Bilan clôturé", "Bilan publié", "Fait enregistré"}},
	} {
		d.open("/equipe/journal?month=" + d.today.AddDate(0, month, 0).Format("2006-01"))
		rows := d.textOf("main tbody")
		for _, what := range noted.what {
			if !regexp.MustCompile(what + `\n[^\t]*\t[^\t]*\t` + noted.who).MatchString(rows) {
				d.t.Errorf("the journal does not say %q of %s:\n%s", what, noted.who, rows)
			}
		}
	}
	d.open("/equipe/journal")
	d.lists("Titre : Table ronde à Cahors")
	d.picture("13-journal", "")
	d.open("/equipe/administration")
	d.lists(member, administrator)
}
