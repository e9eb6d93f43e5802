package fold

// The tables hold lower-case letters only, because a rune reaches them after
// its case has been folded. Each letter folds to what somebody without that
// key on the keyboard would type.

// byBase lists the letters that lose a diacritic, a stroke or a hook, under
// the letter that is left.
var byBase = []struct{ base, letters string }{
	{"a", "àáâãäåāăąǎǟǡǻȁȃȧḁẚạảấầẩẫậắằẳẵặⱥ"},
	{"b", "ƀƃɓḃḅḇ"},
	{"c", "çćĉċčƈȼḉ"},
	{"d", "ðďđƌȡɖɗḋḍḏḑḓ"},
	{"e", "èéêëēĕėęěȅȇȩɇḕḗḙḛḝẹẻẽếềểễệ"},
	{"f", "ƒḟ"},
	{"g", "ĝğġģǥǧǵɠḡ"},
	{"h", "ĥħȟḣḥḧḩḫẖ"},
	{"i", "ìíîïĩīĭįǐȉȋɨḭḯỉị"},
	{"j", "ĵǰȷɉ"},
	{"k", "ķƙǩḱḳḵ"},
	{"l", "ĺļľŀłƚȴɫḷḹḻḽ"},
	{"m", "ḿṁṃ"},
	{"n", "ñńņňŉŋƞǹȵɲṅṇṉṋ"},
	{"o", "òóôõöøōŏőơǒǫǭǿȍȏȫȭȯȱɵṍṏṑṓọỏốồổỗộớờởỡợ"},
	{"p", "ƥᵽṕṗ"},
	{"q", "ĸɋ"},
	{"r", "ŕŗřȑȓɍṙṛṝṟ"},
	{"s", "śŝşšșȿṡṣṥṧṩẜẝ"},
	{"t", "ţťŧƫƭțȶʈṫṭṯṱẗⱦ"},
	{"u", "ùúûüũūŭůűųưǔǖǘǚǜȕȗʉṳṵṷṹṻụủứừửữự"},
	{"v", "ʋṽṿ"},
	{"w", "ŵẁẃẅẇẉẘ"},
	{"x", "ẋẍ"},
	{"y", "ýÿŷƴȳɏẏẙỳỵỷỹỿ"},
	{"z", "źżžƶȥɀẑẓẕ"},
	{"α", "άἀἁἂἃἄἅἆἇὰάᾀᾁᾂᾃᾄᾅᾆᾇᾰᾱᾲᾳᾴᾶᾷ"},
	{"ε", "έἐἑἒἓἔἕὲέ"},
	{"η", "ήἠἡἢἣἤἥἦἧὴήᾐᾑᾒᾓᾔᾕᾖᾗῂῃῄῆῇ"},
	{"ι", "ΐίϊἰἱἲἳἴἵἶἷὶίῐῑῒΐῖῗ"},
	{"ο", "όὀὁὂὃὄὅὸό"},
	{"ρ", "ῤῥ"},
	{"υ", "ΰϋύὐὑὒὓὔὕὖὗὺύῠῡῢΰῦῧ"},
	{"ω", "ώὠὡὢὣὤὥὦὧὼώᾠᾡᾢᾣᾤᾥᾦᾧῲῳῴῶῷ"},

	// Letters that were two letters once, and are still typed as two.
	{"ss", "ß"},
	{"ae", "æǣǽ"},
	{"oe", "œ"},
	{"th", "þ"},
	{"ij", "ĳ"},
	{"dz", "ǆǳ"},
	{"lj", "ǉ"},
	{"nj", "ǌ"},
	{"hv", "ƕ"},
	{"ou", "ȣ"},
	{"db", "ȸ"},
	{"qp", "ȹ"},
}

// oneToOne pairs each letter of from with the one at the same place in to:
// scripts in which few letters share a base.
var oneToOne = []struct{ from, to string }{
	{"ǯϓϔ", "ʒϒϒ"},
	{"ӑӓѓѐёӗӂӝӟйѝӣӥќӧўӯӱӳӵӹӭїѷӛӫ", "аагееежжзиииикоуууучыэіѵәө"},
	{"آأإؤئۂۓۀ", "اااويہےە"},
	{"ゔがぎぐげござじずぜぞだぢづでどばぱびぴぶぷべぺぼぽゞ", "うかきくけこさしすせそたちつてとははひひふふへへほほゝ"},
	{"ヴガギグゲゴザジズゼゾダヂヅデドバパビピブプベペボポヷヸヹヺヾ", "ウカキクケコサシスセソタチツテトハハヒヒフフヘヘホホワヰヱヲヽ"},
}
