// Written by `python -m app.platform.kernel.personal_data`: what points to a person, as the server looks for it.
export default {
 "patterns": [
  [
   "email",
   "[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\\.[A-Za-z0-9-]{1,63}){1,4}",
   false
  ],
  [
   "handle",
   "(?:^|[ ('\\\":,;/])(@(?!room|about|approx|least|the\\b|peak|max|min\\b|lab\\b|rt\\b)[A-Za-z_][A-Za-z0-9_.]{1,28}[A-Za-z0-9_])(?![A-Za-z0-9@])",
   true
  ],
  [
   "handle",
   "\\b(?:insta(?:gram)?|snap(?:chat)?|telegram|whats ?app|tik ?tok|facebook|messenger|discord|wickr|threema)(?: (?:handle|name|user|username|account)(?: is|:)? | ?[:=] ?)[^ ,;]{2,40}",
   true
  ],
  [
   "nhs_number",
   "(?:^|[^0-9A-Za-z.+-])([0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4})(?![0-9])",
   false
  ],
  [
   "phone",
   "(?:^|[^0-9A-Za-z.,+-])((?:\\+44|0044)[ -]?(?:\\(0\\)[ -]?|0)?[127][0-9]{1,4}\\)?[ -]?[0-9]{2,4}[ -]?[0-9]{2,4}(?:[ -]?[0-9]{2,4})?)(?![0-9])",
   false
  ],
  [
   "phone",
   "(?:^|[^0-9A-Za-z.,+-])(\\(?0[127][0-9]{1,4}\\)?[ -]?[0-9]{2,4}[ -]?[0-9]{2,4}(?:[ -]?[0-9]{2,4})?)(?![0-9])",
   false
  ],
  [
   "phone",
   "(?:^|[^0-9A-Za-z.,+-])(\\+(?!44)[1-9][0-9]{0,2}[ -]?(?:\\(?[0-9]{1,4}\\)?[ -]?){2,5}[0-9])(?![0-9])",
   false
  ],
  [
   "post_code",
   "\\b(?:AB|AL|B|BA|BB|BD|BH|BL|BN|BR|BS|BT|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|E|EC|EH|EN|EX|FK|FY|G|GL|GU|GY|HA|HD|HG|HP|HR|HS|HU|HX|IG|IM|IP|IV|JE|KA|KT|KW|KY|L|LA|LD|LE|LL|LN|LS|LU|M|ME|MK|ML|N|NE|NG|NN|NP|NR|NW|OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|S|SA|SE|SG|SK|SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|TA|TD|TF|TN|TQ|TR|TS|TW|UB|W|WA|WC|WD|WF|WN|WR|WS|WV|YO|ZE)[0-9][0-9A-Z]? ?[0-9][ABD-HJLNP-UW-Z]{2}\\b",
   false
  ],
  [
   "post_code",
   "\\b(?:AB|AL|B|BA|BB|BD|BH|BL|BN|BR|BS|BT|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|E|EC|EH|EN|EX|FK|FY|G|GL|GU|GY|HA|HD|HG|HP|HR|HS|HU|HX|IG|IM|IP|IV|JE|KA|KT|KW|KY|L|LA|LD|LE|LL|LN|LS|LU|M|ME|MK|ML|N|NE|NG|NN|NP|NR|NW|OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|S|SA|SE|SG|SK|SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|TA|TD|TF|TN|TQ|TR|TS|TW|UB|W|WA|WC|WD|WF|WN|WR|WS|WV|YO|ZE)[0-9][0-9A-Z]? (?!1st|2nd|3rd|[0-9](?:th|ng|pg|ug|ul|nl|dl|hr|hz|ft|lb|pt|wt|au))(?:[0-9][ABD-HJLNP-UW-Z]{2})\\b",
   true
  ],
  [
   "plate",
   "\\b[A-HJ-PR-Y]{2}[0-7][0-9] ?[A-HJ-PR-Z]{3}\\b",
   false
  ],
  [
   "plate",
   "\\b[a-hj-pr-y]{2}[0-7][0-9][a-hj-pr-z]{3}\\b",
   false
  ],
  [
   "plate",
   "\\b[A-HJ-NPR-TV-Y][0-9]{3} ?[A-HJ-PR-Z]{3}\\b",
   false
  ],
  [
   "plate",
   "\\b(?:number ?plate|licen[cs]e plate|reg(?:istration)?(?: plate| number| no\\.?)?)(?: (?:is|was|of)|:)? (?=[A-Z ]{0,4}[0-9])(?=[0-9 ]{0,4}[A-Z])[A-Z0-9]{1,4}[ -]?[A-Z0-9]{2,4}\\b",
   true
  ],
  [
   "tent",
   "\\b(?:tents?|yurt|tipi|caravan|camper ?van|pitch|camp) ?(?:no\\.?|number|nr\\.?|#)? ?[0-9]{1,4}[a-z]?\\b",
   true
  ],
  [
   "tent",
   "\\b(?:(?:red|yellow|blue|green|orange|purple|pink|white|black|brown|grey|gray|silver|gold|striped|tie-?dye|rainbow|camo|big|small|large|little|tiny|dome|bell|pop-?up|two-man|four-man|next|same|neighbouring|my|his|her|their|client's|clients'|friend's|mate's) ){1,3}(?:tents?|yurt|tipi|caravan|camper ?van)\\b",
   true
  ],
  [
   "tent",
   "\\b(?:camp(?:ed|ing|s)?|sle(?:pt|eps?|eping)|stay(?:ed|ing|s)?|pitched|lives?|living) (?:[a-z]+ ){0,3}(?:tents?|yurt|tipi|caravan|camper ?van)\\b",
   true
  ],
  [
   "tent",
   "\\b(?!(?:The|In|At|Our|Your|A|This|That|Each|Every|Any|No) )[A-Z][a-z]+(?:'s)? [Tt]ents?\\b",
   false
  ],
  [
   "stage",
   "\\b(?:main|dance|acoustic|pyramid|techno|house|dnb|jungle|reggae|folk|indie|rock|jazz|comedy|cabaret|silent|woodland|forest|woods|lake|lakeside|beach|garden|hill|sunset|sunrise|west|north|south|east|park|headline|disco) stage\\b(?! of\\b)",
   true
  ],
  [
   "stage",
   "\\b(?!(?:First|Second|Third|Next|Last|Final|Each|This|That|Every|Early|Late|Heated|Motorised|Sample|The|In|At) )[A-Z][a-z]+ Stage\\b",
   false
  ],
  [
   "stage",
   "\\b(?:near|behind|beside|by|in front of|next to|left of|right of|side of|opposite) the stage\\b(?! of\\b)|\\bstage (?:left|right)\\b",
   true
  ],
  [
   "name",
   "\\b(?:[Mm]y|[Hh]is|[Hh]er|[Tt]heir|[Oo]ur|[Yy]our) (?:(?:best|old|little|big|older|younger|new|other|own|good|close|late) )?(?:mates?|friends?|best friend|bestie|boyfriend|girlfriend|bf|gf|partner|fianc[eé]e?|wife|husband|brother|sister|twin|cousin|son|daughter|mum|mom|mam|mother|dad|father|step-?mum|step-?dad|uncle|aunt|auntie|aunty|nan|nana|gran|grandma|grandad|grandpa|nephew|niece|flatmate|housemate|roommate|ex|boss|colleague|neighbour|dealer|tutor|keyworker)(?: is| was)?(?: called| named)?,? \\(?((?!(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|June|July|August|September|October|November|December|Christmas|Easter|Ketamine|Cocaine|Ecstasy|Heroin|Speed|Spice|Cannabis|Valium|Xanax|Ritalin|Viagra|Tesla|The|This|That|They|She|Who|Said|Says|Took|Had|Has|Was|Is|And|But|Then|Thinks|Bought|Got|Gave)\\b)[A-ZÀ-ÖØ-Þ](?:'[A-ZÀ-ÖØ-Þ])?[a-zß-öø-ɏ][a-zß-öø-ɏ'-]*(?:[ -](?!(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|June|July|August|September|October|November|December|Christmas|Easter|Ketamine|Cocaine|Ecstasy|Heroin|Speed|Spice|Cannabis|Valium|Xanax|Ritalin|Viagra|Tesla|The|This|That|They|She|Who|Said|Says|Took|Had|Has|Was|Is|And|But|Then|Thinks|Bought|Got|Gave)\\b)[A-ZÀ-ÖØ-Þ](?:'[A-ZÀ-ÖØ-Þ])?[a-zß-öø-ɏ][a-zß-öø-ɏ'-]*)?)(?![A-Za-zÀ-ÖØ-öø-ɏ0-9])",
   false
  ],
  [
   "name",
   "\\b(?:[Mm]y|[Hh]is|[Hh]er|[Tt]heir|[Oo]ur|[Yy]our) (?:(?:(?:best|old|little|big|older|younger|new|other|own|good|close|late) )?(?:mates?|friends?|best friend|bestie|boyfriend|girlfriend|bf|gf|partner|fianc[eé]e?|wife|husband|brother|sister|twin|cousin|son|daughter|mum|mom|mam|mother|dad|father|step-?mum|step-?dad|uncle|aunt|auntie|aunty|nan|nana|gran|grandma|grandad|grandpa|nephew|niece|flatmate|housemate|roommate|ex|boss|colleague|neighbour|dealer|tutor|keyworker)(?: is| was)?(?: called| named)?,? \\(?)?((?:aaron|abbie|abigail|abdul|adam|adrian|agnieszka|ahmed|aidan|aisha|alan|alastair|alex|alexander|alexandra|alfie|ali|alice|alison|amanda|amelia|amina|amir|amy|andrea|andrew|andy|angela|anita|anna|anne|anthony|antonio|archie|arthur|ashley|barbara|barry|becca|becky|ben|benjamin|beth|bethany|bradley|brandon|brenda|brian|bronwen|callum|cameron|carly|carol|caroline|catherine|chantelle|charles|charlotte|chloe|chris|christina|christine|christopher|ciara|claire|colin|connor|conor|courtney|craig|daisy|damian|daniel|danielle|danny|darren|dave|david|dean|debbie|deborah|declan|denise|dennis|derek|diane|dominic|donna|dylan|ed|eddie|edward|eleanor|elena|elizabeth|ellen|ellie|emily|emma|eoin|eric|erin|ethan|eva|evan|evie|ewan|fatima|fiona|fran|frances|francesca|freddie|freya|gareth|gary|gavin|gemma|geoff|george|georgia|georgina|geraint|gillian|glen|graham|greg|gwen|hamza|hannah|harriet|harry|hassan|hayley|helen|henrietta|holly|hussain|hugh|iain|ian|ibrahim|imogen|imran|irene|isaac|isabel|isabella|isla|jackie|jacob|jake|jamal|james|jamie|jane|janet|janine|jason|jean|jed|jen|jenna|jennifer|jenny|jeremy|jess|jessica|jim|jimmy|jo|joan|joanna|joanne|joe|joel|john|johnny|jon|jonathan|jordan|joseph|josh|joshua|juan|judith|judy|julia|julian|julie|justin|karen|karl|kasia|kate|katherine|kathleen|kathryn|katie|katy|kayleigh|keith|kelly|ken|kenneth|kerry|kev|kevin|kieran|kim|kirsty|krzysztof|kyle|laura|lauren|layla|leah|leanne|lee|leon|lewis|liam|linda|lindsay|lisa|liz|lizzie|lorraine|louis|louise|lucas|luke|lydia|lynn|maciej|maddie|madison|magda|marcus|margaret|maria|marie|marta|martin|martyn|mateusz|matt|matthew|megan|mel|melanie|melissa|mia|michael|michal|michelle|mick|mike|millie|mohamed|mohammad|mohammed|muhammad|naomi|natalie|natasha|nathan|neil|niall|niamh|nicola|nicole|nigel|nina|noah|oliver|olivia|ollie|omar|oscar|owen|paddy|pamela|patricia|patrick|paul|paula|pauline|pawel|pete|peter|phil|philip|phillip|phoebe|piotr|priya|rachael|rachel|rajesh|raj|rebecca|reece|rhiannon|rhys|richard|rob|robert|robyn|roger|ronan|rory|rosie|ross|roisin|russell|ruth|ryan|sally|sam|samantha|samuel|sandra|sara|sarah|saoirse|scott|sean|seamus|sebastian|shannon|sharon|shaun|sheila|sian|simon|siobhan|sophia|sophie|stacey|stephanie|stephen|steve|steven|stuart|sue|susan|suzanne|tariq|terry|theo|theresa|thomas|tim|timothy|toby|tom|tommy|tony|tracey|tracy|trevor|tyler|vanessa|victoria|vikki|vince|wayne|wendy|william|yasmin|yusuf|zac|zach|zainab|zara|zoe|zofia)(?:'s)?)(?![A-Za-zÀ-ÖØ-öø-ɏ0-9])",
   true
  ],
  [
   "name",
   "\\b(?:mates?|friends?|best friend|bestie|boyfriend|girlfriend|bf|gf|partner|fianc[eé]e?|wife|husband|brother|sister|twin|cousin|son|daughter|mum|mom|mam|mother|dad|father|step-?mum|step-?dad|uncle|aunt|auntie|aunty|nan|nana|gran|grandma|grandad|grandpa|nephew|niece|flatmate|housemate|roommate|ex|boss|colleague|neighbour|dealer|tutor|keyworker) ((?:Aaron|Abbie|Abigail|Abdul|Adam|Adrian|Agnieszka|Ahmed|Aidan|Aisha|Alan|Alastair|Alex|Alexander|Alexandra|Alfie|Ali|Alice|Alison|Amanda|Amelia|Amina|Amir|Amy|Andrea|Andrew|Andy|Angela|Anita|Anna|Anne|Anthony|Antonio|Archie|Arthur|Ashley|Barbara|Barry|Becca|Becky|Ben|Benjamin|Beth|Bethany|Bradley|Brandon|Brenda|Brian|Bronwen|Callum|Cameron|Carly|Carol|Caroline|Catherine|Chantelle|Charles|Charlotte|Chloe|Chris|Christina|Christine|Christopher|Ciara|Claire|Colin|Connor|Conor|Courtney|Craig|Daisy|Damian|Daniel|Danielle|Danny|Darren|Dave|David|Dean|Debbie|Deborah|Declan|Denise|Dennis|Derek|Diane|Dominic|Donna|Dylan|Ed|Eddie|Edward|Eleanor|Elena|Elizabeth|Ellen|Ellie|Emily|Emma|Eoin|Eric|Erin|Ethan|Eva|Evan|Evie|Ewan|Fatima|Fiona|Fran|Frances|Francesca|Freddie|Freya|Gareth|Gary|Gavin|Gemma|Geoff|George|Georgia|Georgina|Geraint|Gillian|Glen|Graham|Greg|Gwen|Hamza|Hannah|Harriet|Harry|Hassan|Hayley|Helen|Henrietta|Holly|Hussain|Hugh|Iain|Ian|Ibrahim|Imogen|Imran|Irene|Isaac|Isabel|Isabella|Isla|Jackie|Jacob|Jake|Jamal|James|Jamie|Jane|Janet|Janine|Jason|Jean|Jed|Jen|Jenna|Jennifer|Jenny|Jeremy|Jess|Jessica|Jim|Jimmy|Jo|Joan|Joanna|Joanne|Joe|Joel|John|Johnny|Jon|Jonathan|Jordan|Joseph|Josh|Joshua|Juan|Judith|Judy|Julia|Julian|Julie|Justin|Karen|Karl|Kasia|Kate|Katherine|Kathleen|Kathryn|Katie|Katy|Kayleigh|Keith|Kelly|Ken|Kenneth|Kerry|Kev|Kevin|Kieran|Kim|Kirsty|Krzysztof|Kyle|Laura|Lauren|Layla|Leah|Leanne|Lee|Leon|Lewis|Liam|Linda|Lindsay|Lisa|Liz|Lizzie|Lorraine|Louis|Louise|Lucas|Luke|Lydia|Lynn|Maciej|Maddie|Madison|Magda|Marcus|Margaret|Maria|Marie|Marta|Martin|Martyn|Mateusz|Matt|Matthew|Megan|Mel|Melanie|Melissa|Mia|Michael|Michal|Michelle|Mick|Mike|Millie|Mohamed|Mohammad|Mohammed|Muhammad|Naomi|Natalie|Natasha|Nathan|Neil|Niall|Niamh|Nicola|Nicole|Nigel|Nina|Noah|Oliver|Olivia|Ollie|Omar|Oscar|Owen|Paddy|Pamela|Patricia|Patrick|Paul|Paula|Pauline|Pawel|Pete|Peter|Phil|Philip|Phillip|Phoebe|Piotr|Priya|Rachael|Rachel|Rajesh|Raj|Rebecca|Reece|Rhiannon|Rhys|Richard|Rob|Robert|Robyn|Roger|Ronan|Rory|Rosie|Ross|Roisin|Russell|Ruth|Ryan|Sally|Sam|Samantha|Samuel|Sandra|Sara|Sarah|Saoirse|Scott|Sean|Seamus|Sebastian|Shannon|Sharon|Shaun|Sheila|Sian|Simon|Siobhan|Sophia|Sophie|Stacey|Stephanie|Stephen|Steve|Steven|Stuart|Sue|Susan|Suzanne|Tariq|Terry|Theo|Theresa|Thomas|Tim|Timothy|Toby|Tom|Tommy|Tony|Tracey|Tracy|Trevor|Tyler|Vanessa|Victoria|Vikki|Vince|Wayne|Wendy|William|Yasmin|Yusuf|Zac|Zach|Zainab|Zara|Zoe|Zofia)(?: [A-ZÀ-ÖØ-Þ](?:'[A-ZÀ-ÖØ-Þ])?[a-zß-öø-ɏ][a-zß-öø-ɏ'-]*)?)(?![A-Za-zÀ-ÖØ-öø-ɏ0-9])",
   false
  ],
  [
   "name",
   "\\b(?:(?:my|his|her|their|client's|patient's|person's|guy's|girl's|friend's|mate's) (?:(?:full|first|last|real|sur) ?)?names?(?: is| was| are|'s|:)(?: [A-Za-zÀ-ÖØ-öø-ɏ'-]{2,30})?)(?![A-Za-zÀ-ÖØ-öø-ɏ0-9])",
   true
  ],
  [
   "name",
   "\\b(?:called|named|name of|known as|goes by) ((?:Aaron|Abbie|Abigail|Abdul|Adam|Adrian|Agnieszka|Ahmed|Aidan|Aisha|Alan|Alastair|Alex|Alexander|Alexandra|Alfie|Ali|Alice|Alison|Amanda|Amelia|Amina|Amir|Amy|Andrea|Andrew|Andy|Angela|Anita|Anna|Anne|Anthony|Antonio|Archie|Arthur|Ashley|Barbara|Barry|Becca|Becky|Ben|Benjamin|Beth|Bethany|Bradley|Brandon|Brenda|Brian|Bronwen|Callum|Cameron|Carly|Carol|Caroline|Catherine|Chantelle|Charles|Charlotte|Chloe|Chris|Christina|Christine|Christopher|Ciara|Claire|Colin|Connor|Conor|Courtney|Craig|Daisy|Damian|Daniel|Danielle|Danny|Darren|Dave|David|Dean|Debbie|Deborah|Declan|Denise|Dennis|Derek|Diane|Dominic|Donna|Dylan|Ed|Eddie|Edward|Eleanor|Elena|Elizabeth|Ellen|Ellie|Emily|Emma|Eoin|Eric|Erin|Ethan|Eva|Evan|Evie|Ewan|Fatima|Fiona|Fran|Frances|Francesca|Freddie|Freya|Gareth|Gary|Gavin|Gemma|Geoff|George|Georgia|Georgina|Geraint|Gillian|Glen|Graham|Greg|Gwen|Hamza|Hannah|Harriet|Harry|Hassan|Hayley|Helen|Henrietta|Holly|Hussain|Hugh|Iain|Ian|Ibrahim|Imogen|Imran|Irene|Isaac|Isabel|Isabella|Isla|Jackie|Jacob|Jake|Jamal|James|Jamie|Jane|Janet|Janine|Jason|Jean|Jed|Jen|Jenna|Jennifer|Jenny|Jeremy|Jess|Jessica|Jim|Jimmy|Jo|Joan|Joanna|Joanne|Joe|Joel|John|Johnny|Jon|Jonathan|Jordan|Joseph|Josh|Joshua|Juan|Judith|Judy|Julia|Julian|Julie|Justin|Karen|Karl|Kasia|Kate|Katherine|Kathleen|Kathryn|Katie|Katy|Kayleigh|Keith|Kelly|Ken|Kenneth|Kerry|Kev|Kevin|Kieran|Kim|Kirsty|Krzysztof|Kyle|Laura|Lauren|Layla|Leah|Leanne|Lee|Leon|Lewis|Liam|Linda|Lindsay|Lisa|Liz|Lizzie|Lorraine|Louis|Louise|Lucas|Luke|Lydia|Lynn|Maciej|Maddie|Madison|Magda|Marcus|Margaret|Maria|Marie|Marta|Martin|Martyn|Mateusz|Matt|Matthew|Megan|Mel|Melanie|Melissa|Mia|Michael|Michal|Michelle|Mick|Mike|Millie|Mohamed|Mohammad|Mohammed|Muhammad|Naomi|Natalie|Natasha|Nathan|Neil|Niall|Niamh|Nicola|Nicole|Nigel|Nina|Noah|Oliver|Olivia|Ollie|Omar|Oscar|Owen|Paddy|Pamela|Patricia|Patrick|Paul|Paula|Pauline|Pawel|Pete|Peter|Phil|Philip|Phillip|Phoebe|Piotr|Priya|Rachael|Rachel|Rajesh|Raj|Rebecca|Reece|Rhiannon|Rhys|Richard|Rob|Robert|Robyn|Roger|Ronan|Rory|Rosie|Ross|Roisin|Russell|Ruth|Ryan|Sally|Sam|Samantha|Samuel|Sandra|Sara|Sarah|Saoirse|Scott|Sean|Seamus|Sebastian|Shannon|Sharon|Shaun|Sheila|Sian|Simon|Siobhan|Sophia|Sophie|Stacey|Stephanie|Stephen|Steve|Steven|Stuart|Sue|Susan|Suzanne|Tariq|Terry|Theo|Theresa|Thomas|Tim|Timothy|Toby|Tom|Tommy|Tony|Tracey|Tracy|Trevor|Tyler|Vanessa|Victoria|Vikki|Vince|Wayne|Wendy|William|Yasmin|Yusuf|Zac|Zach|Zainab|Zara|Zoe|Zofia)(?: [A-ZÀ-ÖØ-Þ](?:'[A-ZÀ-ÖØ-Þ])?[a-zß-öø-ɏ][a-zß-öø-ɏ'-]*)?)(?![A-Za-zÀ-ÖØ-öø-ɏ0-9])",
   false
  ],
  [
   "name",
   "\\b((?:Aaron|Abbie|Abigail|Abdul|Adam|Adrian|Agnieszka|Ahmed|Aidan|Aisha|Alan|Alastair|Alex|Alexander|Alexandra|Alfie|Ali|Alice|Alison|Amanda|Amelia|Amina|Amir|Amy|Andrea|Andrew|Andy|Angela|Anita|Anna|Anne|Anthony|Antonio|Archie|Arthur|Ashley|Barbara|Barry|Becca|Becky|Ben|Benjamin|Beth|Bethany|Bradley|Brandon|Brenda|Brian|Bronwen|Callum|Cameron|Carly|Carol|Caroline|Catherine|Chantelle|Charles|Charlotte|Chloe|Chris|Christina|Christine|Christopher|Ciara|Claire|Colin|Connor|Conor|Courtney|Craig|Daisy|Damian|Daniel|Danielle|Danny|Darren|Dave|David|Dean|Debbie|Deborah|Declan|Denise|Dennis|Derek|Diane|Dominic|Donna|Dylan|Ed|Eddie|Edward|Eleanor|Elena|Elizabeth|Ellen|Ellie|Emily|Emma|Eoin|Eric|Erin|Ethan|Eva|Evan|Evie|Ewan|Fatima|Fiona|Fran|Frances|Francesca|Freddie|Freya|Gareth|Gary|Gavin|Gemma|Geoff|George|Georgia|Georgina|Geraint|Gillian|Glen|Graham|Greg|Gwen|Hamza|Hannah|Harriet|Harry|Hassan|Hayley|Helen|Henrietta|Holly|Hussain|Hugh|Iain|Ian|Ibrahim|Imogen|Imran|Irene|Isaac|Isabel|Isabella|Isla|Jackie|Jacob|Jake|Jamal|James|Jamie|Jane|Janet|Janine|Jason|Jean|Jed|Jen|Jenna|Jennifer|Jenny|Jeremy|Jess|Jessica|Jim|Jimmy|Jo|Joan|Joanna|Joanne|Joe|Joel|John|Johnny|Jon|Jonathan|Jordan|Joseph|Josh|Joshua|Juan|Judith|Judy|Julia|Julian|Julie|Justin|Karen|Karl|Kasia|Kate|Katherine|Kathleen|Kathryn|Katie|Katy|Kayleigh|Keith|Kelly|Ken|Kenneth|Kerry|Kev|Kevin|Kieran|Kim|Kirsty|Krzysztof|Kyle|Laura|Lauren|Layla|Leah|Leanne|Lee|Leon|Lewis|Liam|Linda|Lindsay|Lisa|Liz|Lizzie|Lorraine|Louis|Louise|Lucas|Luke|Lydia|Lynn|Maciej|Maddie|Madison|Magda|Marcus|Margaret|Maria|Marie|Marta|Martin|Martyn|Mateusz|Matt|Matthew|Megan|Mel|Melanie|Melissa|Mia|Michael|Michal|Michelle|Mick|Mike|Millie|Mohamed|Mohammad|Mohammed|Muhammad|Naomi|Natalie|Natasha|Nathan|Neil|Niall|Niamh|Nicola|Nicole|Nigel|Nina|Noah|Oliver|Olivia|Ollie|Omar|Oscar|Owen|Paddy|Pamela|Patricia|Patrick|Paul|Paula|Pauline|Pawel|Pete|Peter|Phil|Philip|Phillip|Phoebe|Piotr|Priya|Rachael|Rachel|Rajesh|Raj|Rebecca|Reece|Rhiannon|Rhys|Richard|Rob|Robert|Robyn|Roger|Ronan|Rory|Rosie|Ross|Roisin|Russell|Ruth|Ryan|Sally|Sam|Samantha|Samuel|Sandra|Sara|Sarah|Saoirse|Scott|Sean|Seamus|Sebastian|Shannon|Sharon|Shaun|Sheila|Sian|Simon|Siobhan|Sophia|Sophie|Stacey|Stephanie|Stephen|Steve|Steven|Stuart|Sue|Susan|Suzanne|Tariq|Terry|Theo|Theresa|Thomas|Tim|Timothy|Toby|Tom|Tommy|Tony|Tracey|Tracy|Trevor|Tyler|Vanessa|Victoria|Vikki|Vince|Wayne|Wendy|William|Yasmin|Yusuf|Zac|Zach|Zainab|Zara|Zoe|Zofia) (?!(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|June|July|August|September|October|November|December|Christmas|Easter|Ketamine|Cocaine|Ecstasy|Heroin|Speed|Spice|Cannabis|Valium|Xanax|Ritalin|Viagra|Tesla|The|This|That|They|She|Who|Said|Says|Took|Had|Has|Was|Is|And|But|Then|Thinks|Bought|Got|Gave|Street|Road|Lane|Square|Hall|House|Park|Station|Centre|Hospital|University|College|Ambulance|Vuitton|Hilfiger|Daniels|Beam)\\b)[A-ZÀ-ÖØ-Þ](?:'[A-ZÀ-ÖØ-Þ])?[a-zß-öø-ɏ][a-zß-öø-ɏ'-]*)(?![A-Za-zÀ-ÖØ-öø-ɏ0-9])",
   false
  ],
  [
   "name",
   "\\b((?:Mr|Mrs|Miss|Mx)\\.? (?!Nice\\b|Big\\b)[A-ZÀ-ÖØ-Þ](?:'[A-ZÀ-ÖØ-Þ])?[a-zß-öø-ɏ][a-zß-öø-ɏ'-]*)(?![A-Za-zÀ-ÖØ-öø-ɏ0-9])",
   false
  ]
 ],
 "harmless": [
  "\\b(?:lot|batch|serial|s/n|sn|cas|cat|catalogue|article|part|model|unii|pmid|pmc|doi|isbn|ean|barcode|column|cartridge)\\b\\.? ?(?:no\\.?|nr\\.?|number|code|#)? ?[:=#]? ?(?=[A-Za-z./_-]{0,12}[0-9])[A-Za-z0-9][A-Za-z0-9./_-]*(?: (?=[A-Z]{0,4}[0-9])[A-Z0-9]{2,8}\\b| [A-Z]{3}\\b)?",
  "\\b(?:our|lab|laboratory|testing|test|checking|service|medical|medics?|welfare|first[ -]aid|aid|amnesty|info|information|crew|staff|production) tents?\\b"
 ],
 "like": {
  "’": "'",
  "‘": "'",
  "–": "-",
  "‑": "-",
  " ": " ",
  " ": " ",
  " ": " ",
  "\t": " ",
  "\n": " ",
  "\r": " "
 },
 "words": {
  "name": "a name",
  "tent": "a tent or pitch",
  "stage": "a place by a stage",
  "plate": "a number plate",
  "phone": "a phone number",
  "post_code": "a post code",
  "email": "an e-mail address",
  "nhs_number": "an NHS number",
  "handle": "a handle"
 }
};
