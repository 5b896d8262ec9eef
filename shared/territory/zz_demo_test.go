package territory
import ("testing";"fmt")
func TestDemo(t *testing.T){
 for _,q:=range []string{"Toulouse","s","saint","st etienne","lyon","arras","communauté de communes du Grésivaudan","pays basque","metropole lyon","Carcasonne","metropole de toulose","76","REG-76","09028","sinsat","2a","l'ile d yeu","grand cahors","aix les bains","bains aix","occitani","marseile","marseille 3","31","paris"} {
  fmt.Println("==",q); for _,x:=range Search(q,"",6){fmt.Println("   ",x.Ref(),x.Name,x.Level,x.Departement,x.Region,x.Population)}
 }
 for _,q:=range []string{"mairie de carcasonne","Bordo","Toulouz","ville de st etiene","zzzz", "Grand Cahor agglo","Lile"} {
  fmt.Println("== suggest",q); for _,x:=range Suggest(q,6){fmt.Println("   ",x.Ref(),x.Name)}
 }
 for _,q:=range []string{"31556","9028","13550","Toulouse","20","REG-77","200066364","99999","7","200 066 363","97","31999","09999","2a400"} {
  _,err:=Lookup(q); fmt.Println(err)
 }
}
