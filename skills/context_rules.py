"""Rule out mentions of ambiguous skill names by the text around them.

"CAD" is a currency after a number, "Kong" is part of "Hong Kong", and "communication" is not a skill in a notice about
"official communication". The patterns are applied to a few words on each side of the mention.
"""

import re

# Characters considered on each side of a name.
_WINDOW = 60
# Maximum length of the text that introduces a list of organizations, including the names before the mention.
_MAX_LEAD = 140
# `_ORGANIZATIONS` cannot match a text that contains none of these stems. Searching for the stems is far faster.
_ORGANIZATION_STEMS = (
    *("customer", "client", "compan", "brand", "investor", "founder", "ceo", "head", "leader", "executive"),
    *("engineers", "alum", "employer", "startup", "organi", "business", "enterprise", " by", "former", "previous"),
    *("ex-", "compet", "people", "team", "experience", "background", "veteran", "partner", "angel", "worked"),
    *(" as", "places", "likes of", "folks", "colleagues", "talent", "rival", "alternative"),
)
_NAME_LIST = r"(?:[A-Z][\w.&'-]*(?: [A-Z][\w.&'-]*)*(?:, (?:and |or )?| and | or | & |/))*$"
_ORGANIZATIONS = re.compile(
    r"(?i:\b(?:customers?|clients?|compan(?:y|ies)|brands|investors?|founders?|leaders"
    r"|executives|engineers|alum(?:ni|s)"
    r"|employers?|ceos?|heads? of [a-z]+|startups|organi[sz]ations|businesses|enterprises"
    r"|competitors|rivals|partners)"
    r"(?: (?:such as|like|including|include|includes|from|at|of|are)|:)"
    r"|\b(?:backed|trusted|founded|funded|led|acquired|used|loved|chosen) by"
    r"|\bcompet(?:e|es|ing) (?:with|against)|\bpartner(?:s|ed|ing|ships?) with|\bangels? (?:include|from|at)"
    r"|\b(?:people|team(?: members)?|folks|talent|experience|backgrounds?|veterans"
    r"|colleagues)(?: (?:come|comes|came"
    r"|hail|hails|are|is|have joined|joined|experience|members))? from|\bworked (?:at|for)|\bthe likes of"
    r"|\balternatives? to|\bplaces like|\bas (?!well|long|soon|much|far|of|code|a\b|an\b|the\b)[a-z]+"
    r"(?:,? (?:and )?[a-z]+){0,3} (?<!such )as(?: using)?"
    r"|\b(?:formerly|former|previously)(?: (?:at|of|from|with))?|\bex-)"
    r"\s*(?:the )?(?i:compan(?:y|ies) (?:such as|like) )?" + _NAME_LIST
)

# A word in the name of a department. Without "and" and "or", each text matches in one way only.
_DEPARTMENT = r"(?!(?:on|to|in|for|using|via|about|that|who|which|of|while|and|or)\b)[\w/-]+"
# "Work closely with design, product and": departments follow.
_COLLABORATORS = re.compile(
    r"(?<!experience )(?<!experience in )\b(?:collaborat(?:e|es|ing|ion)|work(?:s|ing)?|partner(?:s|ing|ships?|ed)?"
    r"|liais(?:e|es|ing|on)|interfac(?:e|es|ing)|coordinat(?:e|es|ing|ion)|align(?:s|ed|ing|ment)?|engag(?:e|es|ing)"
    r"|bridge|communicat(?:e|es|ing|ion)|cooperat(?:e|es|ing|ion))"
    r"(?: (?:cross-functionally|effectively|very))?(?: (?:close(?:ly)?|cross-functionally|directly|effectively"
    r"|hand[- ]in[- ]hand|daily))?(?: together)?,? (?:with|across|between|alongside)(?: (?:our|the|other|both|internal"
    r"|global|various|multiple|cross-functional|all|your|colleagues|partners|peers|teams?|functions|departments"
    r"|stakeholders|across|in|from|such as|like|including)[,:(]*)* \(?"
    rf"(?:{_DEPARTMENT}(?: {_DEPARTMENT}){{0,3}}(?:, (?:and |or |& )?| and | & |/| or ))*(?:{_DEPARTMENT} )?$",
    re.IGNORECASE,
)
_AFTER_DEPARTMENT = re.compile(
    r"(?i:,| and\b| &| or\b|/|\)|[.;]|$| (?:to|on|in|for|is|are|will|who|as|teams?|departments?|functions?|stakeholders"
    r"|partners|peers|leads?|leaders(?:hip)?|colleagues|counterparts|groups?|members|professionals|side)\b)"
)
_NOT_SOFTWARE = (
    r"(?i:[- ](?:manufactur|marketing|marketer|growth|compan|recruit|operator|hardware|energy|insur|legal|agenc"
    r"|vertical|market|supply))"
)
_ORACLE_PRODUCT = (
    r"(?i:(?:.s)? (?:workforce|epm|integration|hcm|erp|fusion|financials|planning|netsuite|health|cerner|hyperion|apps"
    r"|applications|e-business|ebs|retail|utilities|linux|commerce|sales|service|marketing|primavera|risk|argus)\b)"
)
_ORCHESTRATION = (
    r"(?i:\b(?:workflow|data|agent|agentic|payment|media|task|process|pipeline|model|llm|ai|channel|network|event"
    r"|multi-agent|tool)s? |llms\)?, )$",
    r"(?i: (?:of|strateg|between|logic|engine))",
)
_BUILDING = (
    r"(?i:\b(?:to|will|you|can|cloud) )$",
    r"(?i:,? (?:to|that|and|which|for|from|at|where|dashboards)\b)",
)
# Folded name: (before, after). The text before or after the name matches if the name is not the skill. `before`
# patterns are anchored at the name.
_PATTERNS: dict[str, tuple[str, str]] = {
    "cad": (
        r"(?:\d[\d.,]*\s?[kKmM]?|[$€£])\s?\(?$|(?i:currency|salary|paid) (?:in |is )?$",
        r"\s?(?:[$\d]|per (?:year|hour|annum)|/|base\b|USD|annual)",
    ),
    "kong": (r"(?i:hong )$", ""),
    "java": (r"(?i:(?:west|east|central|island of) )$", r"(?:, Indonesia| (?:Sea|island)\b)"),
    "polish": ("", r" (?i:and refine|the\b|your\b|our\b|up\b|remover)"),
    "english": (r"(?i:\bnon[- ]?)$", r"(?i:[- ]?(?:premier|breakfast|channel))"),
    "english language": (r"(?i:\bnon[- ]?)$", ""),
    "design systems": (
        r"(?i:\b(?:you|to|will|we|and|who|can|they|must|help|or|ll)\W{1,2}$)",
        r" (?i:that|which|capable|from|and (?:make|build|write|deliver|ship|own))\b",
    ),
    "operating systems": (
        r"(?i:ing,? (?:and|or|&) |\bexperienced? |\b(?:you|to|will|we|for) )$",
        r" (?i:at scale|that|which|with|in production|under|for\b(?! (?:embedded|mobile|server)))",
    ),
    "operating system": (
        r"(?i:\b(?:ai|agentic|business|financial|finance|company|companies|commerce|revenue"
        r"|growth|modern|new|first|people"
        r"|native|management|care|clinical|legal|work|team|default|defining|intelligent|vertical"
        r"|powered)[ -]$"
        r"|\b(?:our|their|company.s|build(?:ing)?) (?:\w+ ){0,2}$)",
        r"(?i:,? (?:for|of|that|to|behind|powering|built|where|designed)\b)",
    ),
    "microsoft teams": (
        r"(?:Google|Apple|Amazon|Meta|Facebook|Nvidia|NVIDIA|OpenAI|IBM|AWS)(?:,| and|, and| or" r"| &|/) ?$",
        "",
    ),
    "communication": (
        r"(?i:\b(?:official|all|any|company|unsolicited|marketing|recruiting|recruitment|email"
        r"|e-mail|legitimate|real"
        r"|electronic|fraudulent|future|further|our|candidate.s|of|this|such) )$",
        r"(?i: (?:from us|from our|regarding|about your|channels?|comes?|will (?:be|come|only)"
        r"|platforms?|equipment"
        r"|protocols?|devices|streams?|systems|tools|infrastructure|networks?|with candidates|data|apis?)\b)",
    ),
    "collaboration": (
        r"(?i:\bin (?:close |direct |tight )?"
        r"|\b(?:in[- ]office|in[- ]person|on-?site|offices?|face[- ]to[- ]face|hybrid|workspaces?|space)\b"
        r"[^.\n]{0,45})$",
        r"(?i:[^.\n]{0,40} (?:(?:at|in|from) (?:our|the) (?:\w+ )?(?:hq|offices?)|in[- ]person)\b)"
        r"|(?i: (?:platforms?|tools?|software|suite|apps?|products?|technology|hub|solutions?)\b)",
    ),
    "creativity": (
        r"(?i:\b(?:office|space|workspace)\b[^.\n]{0,40}$)",
        r"(?i:[^.\n]{0,30} in (?:our|the) office\b)",
    ),
    "mentorship": (
        r"(?i:\b(?:receiv(?:e|ing)|gets?|getting|offers?|access to|benefit from|dedicated|world-class)"
        r"(?: (?:direct|hands-on|expert|regular|personal|world-class|ongoing|close|the))? )$",
        r"(?i: (?:from|by|program|programme|scheme|opportunit|and support|and growth|budget" r"|is (?:part|provided)))",
    ),
    "mentor": (
        r"(?i:\b(?:an?|the|your|our|as|her|his|their|dedicated|each|with|peer|my|and be a) )$",
        r"(?i: (?:you\b|program|programme|match|network)|,? who)",
    ),
    "sql": ("", r"(?i: injection)"),
    "js": (r"\w\.$", ""),
    "ui": (
        "",
        r"(?i:/(?!ux)| and systems| (?:and \w+ )?(?:tests?|testing|layer|logic|code|librar\w+|automation|bugs?)\b)",
    ),
    "analytics": (
        r"(?i:\b(?:google|adobe|firebase|people|product|log) "
        r"|\b(?:firestore|crashlytics|auth|bigquery|remote config), )$",
        r"(?i:, (?:crashlytics|remote config))",
    ),
    "proactive": (
        "",
        r"(?i: (?!and\b|or\b|in\b|about\b|but\b|problem|attitude|approach|mindset|communicat|individual|person)[a-z])",
    ),
    "full stack": ("", _NOT_SOFTWARE),
    "fullstack": ("", _NOT_SOFTWARE),
    "oracle": ("", _ORACLE_PRODUCT),
    "agile": (
        r"(?i:\b(?:nimble|flexible|fast|lean|quick) (?:and|&) )$",
        r"(?i:,? (?:insightful|flexible|nimble|and (?:adaptable|flexible|curious|nimble)|mindset|thinker|learner"
        r"|individual|person|compan|start-?up|organi[sz]ation)\b)",
    ),
    "infrastructure": (r"(?i:\b(?:test(?:ing)?|frameworks? or|network(?:ing)?|\(sdn\)|build|research|training) )$", ""),
    "release management": (r"(?i:\b(?:design|hardware) )$", ""),
    "build tools": _BUILDING,
    "build systems": _BUILDING,
    "build automation": _BUILDING,
    "build tooling": _BUILDING,
    "system design": (r"(?i:\b(?:vacuum|mechanical|power|lighting|optical|fluid|thermal|hvac|fire|electrical) )$", ""),
    "orchestration": _ORCHESTRATION,
    "orchestration tools": _ORCHESTRATION,
    "orchestration platforms": _ORCHESTRATION,
    "fine tuning": ("", r"(?i: (?:the|our|interfaces?|processes|designs?|details?|queries|systems?|performance)\b)"),
    "github": (
        r"(?i:\b(?:follow|find|connect with|check out|see|visit|star) (?:us|our|me|them)\b[^.\n]{0,45}$)",
        r"(?i: (?:stars|profile|link)\b)",
    ),
    "mentoring": (r"(?i:\b(?:receive|offer|access to) )$", r"(?i: (?:from|by|program|programme|scheme|opportunit))"),
    "palo alto": (r"(?i:\b(?:in|from|at|near|to) )$", r"(?:,? (?:CA|California|office|HQ|headquarters)\b|\))"),
    "data protection": (
        r"(?i:\b(?:our|the|uk|eu|applicable|general|candidate) )$",
        r"(?i: (?:officer|notice|policy|law|act|authorit))",
    ),
    "data privacy": (r"(?i:\b(?:our|candidate|applicant) )$", r"(?i: (?:notice|policy|statement|framework))"),
    "elastic": ("", r"(?i: (?:load|ip|scal|demand|compute|cloud comp|infra|beanstalk|container|kubernetes" r"|map))"),
    "nest": (r"(?i:\b(?:the|google|a|your|empty|leave the) )$", r"(?i: (?:egg|box|of|thermostat))"),
    "mac": (r"(?i:\b(?:big|fleetwood) )$", r"(?i: (?:address|layer|and cheese|n|mini|addresses|protocol))"),
    "windows": (
        r"(?i:\b(?:context|time|the|maintenance|large|our|double|glass|rolling) )$",
        r"(?i: (?:and doors|of\b|with\b|that\b|where\b|to\b))",
    ),
    "react": ("", r" to (?!build|creat|develop|deliver|implement|power|render|write|ship|design)"),
    "ruby": ("", r" (?i:tuesday|slippers|princess|tequila|room)"),
    "delphi": (
        r"(?i:\b(?:oracle (?:of|at)|modified|new) )$",
        r"(?i: (?:stud|method|panel|technique|process|poll|in greece|oracle))",
    ),
    "impala": (r"(?i:\b(?:chevrolet|chevy|an?|tame) )$", ""),
    "caddy": (r"(?i:\b(?:golf|tea|shower|vw) )$", ""),
    "foundry": (
        r"(?i:\b(?:palantir|azure|ai|cloud|data|the|a|chip|semiconductor|iron|venture) )$",
        r"(?i: (?:services|group))",
    ),
    "bash": (r"(?i:\b(?:birthday|yearly|annual|summer|christmas|holiday|party|will|a|to|big|bug) )$", ""),
    "asana": (r"(?i:\byoga )$", r"(?i: (?:practice|pose))"),
    "groovy": (r"(?i:\ba )$", r"(?i: (?:office|vibe|team|music))"),
    "storybook": (r"(?i:\b(?:children.s|a) )$", r"(?i: (?:author|ending|wedding|illustrat))"),
    "elixir": (r"(?i:\b(?:no|an|the|magic) )$", r"(?i: (?:of|for)\b)"),
}
_COMPILED = {
    key: (re.compile(before) if before else None, re.compile(after) if after else None)
    for key, (before, after) in _PATTERNS.items()
    if before or after
}
# A nationality rather than a language: "German market", "a French start-up".
_NATIONALITY = re.compile(
    r" (?i:market|compan|start-?up|office|law|tax|customers?|government|labou?r|entit|bank"
    r"|citizen|resident|subsidiar|team"
    r"|clients?|works? council|employment|residen|passport|health ?care|industr|economy"
    r"|regulat|authorit|food|public"
    r"|holiday|national|business(?:es)? |site|branch|railway|tech\b|based|gaap|tuition"
    r"|lessons|classes|courses)"
)
_LANGUAGES = frozenset(
    [
        "arabic",
        "dutch",
        "english",
        "french",
        "german",
        "hindi",
        "italian",
        "japanese",
        "korean",
        "mandarin",
        "polish",
        "portuguese",
        "russian",
        "spanish",
        "swedish",
    ]
)
# Names that have a context rule.
CHECKED = _COMPILED.keys() | _LANGUAGES


def is_ruled_out_by_context(key: str, text: str, start: int, end: int) -> bool:
    """Return whether the text next to `text[start:end]` shows that the folded name `key` is not the skill."""
    before, after = _COMPILED.get(key, (None, None))
    if before is not None and before.search(text[max(0, start - _WINDOW) : start]):
        return True
    if after is not None and after.match(text, end, end + _WINDOW):
        return True
    return key in _LANGUAGES and _NATIONALITY.match(text, end, end + _WINDOW) is not None


def is_department(text: str, start: int, end: int) -> bool:
    """Return whether the field at `text[start:end]` is a department that one works with."""
    before = text[max(0, start - _MAX_LEAD) : start]
    before = before[max(before.rfind("\n"), before.rfind(". ")) + 1 :]
    return _COLLABORATORS.search(before) is not None and _AFTER_DEPARTMENT.match(text, end) is not None


def is_organization(text: str, start: int) -> bool:
    """Return whether the name at `start` is a customer, investor, rival or employer: "backed by Okta", "ex-Stripe"."""
    before = text[max(0, start - _MAX_LEAD) : start]
    lower = before.lower()
    return any(stem in lower for stem in _ORGANIZATION_STEMS) and _ORGANIZATIONS.search(before) is not None
