"""Divide a posting's text into requirements and text in which the employer describes itself. Pure.

A heading classifies its section. Sections on requirements and duties count as asked for. Sections on the company,
benefits, the hiring process and legal notices do not. Outside these sections, each sentence is classified by its words.
Prose that is neither a request nor clearly about the employer does not count if the posting has a section of
requirements or duties. In a posting without such a section, it counts unless the employer's postings repeat it (see
`market.employer_words`).
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from skills.languages import strip_accents

TextSpan = tuple[int, int]

REQUESTED, EMPLOYER, NEUTRAL = "requested", "employer", "neutral"
_MAX_HEADING_LENGTH, _MAX_BARE_HEADING_WORDS = 90, 7
_BULLET_POINT = re.compile(r"\s*(?:[-*+•·o](?=\s)|\d{1,2}[.)]\s)")
_MARKUP = "*_#:> \t"
# Headings, in lower case and without accents and markup.
_REQUEST_HEADING = re.compile(
    r"\b(?:requirements?|requisites?|qualifications?|responsibilit(?:y|ies)|duties|you.?ll (?:do|bring|need|be|own|work"
    r"|achieve|have|build)|you will|you (?:have|bring|are|need|might|may|could|do|can bring)|will do|skills?|skillset"
    r"|experience|expertise|looking for|look for|nice.to.haves?|bonus points"
    r"|must.haves?|preferred|desired|about you|your"
    r" (?:profile|role|tasks?|mission|impact|responsibilities|background|dna|day|job|work|qualifications|expertise)"
    r"|who you are|tech(?:nology)? stack|our (?:tech|stack|technologies)|tools we use|technologies|technical"
    r"|ideal candidate|ideal profile|profile|criteria|competenc(?:e|ies|y)|day.to.day|a day in|what success|the job"
    r"|fit if|candidate will|tasks|objectives|(?:job|role|position) (?:summary|description|overview|purpose)"
    r"|even better|bring to|set you apart|great fit|plus(?:es)?|must"
    r"|aufgaben|anforderungen|profil|qualifikationen?|du bringst|sie bringen|das bringst|was du|erwarten wir|kenntnisse"
    r"|missions?|competences|vos missions|votre profil|profil recherche|recherchons|ce que vous"
    r"|requisitos|responsabilidades|funciones|perfil|tareas|que buscamos|conocimientos|valoramos|atividades"
    r"|qualificacoes|atribuicoes|o que (?:voce|esperamos|buscamos)|diferenciais|conhecimentos)\b"
)
_EMPLOYER_HEADING = re.compile(
    r"\b(?:shouldn.?t apply|not apply if|not (?:be )?(?:a )?(?:good )?fit|unlikely to thrive"
    r"|not for you|about us|about the company"
    r"|about our (?:company|culture)"
    r"|company (?:overview|description)|who (?:we are|are we)"
    r"|our (?:story|values|culture|mission|company|vision|benefits|perks|interview|hiring|clients?|customers|commitment"
    r"|investors|approach|team & culture|people)|why (?:join|us|work|you.?ll (?:like"
    r"|love)|you should|we exist|choose)|why"
    r" [a-z0-9 ]{2,20}$|benefits?|perks|compensation|salary|pay (?:range"
    r"|transparency)|remuneration|we offer|in it for you"
    r"|you.?ll (?:get|love|gain|like)|interview(?:s|ing)?|hiring process|recruitment"
    r"|application process|selection process"
    r"|how to apply|how we hire|apply (?:now|with us)|next steps"
    r"|equal (?:employment )?opportunit|eeoc?|diversity|inclusion"
    r"|disclosures?|privacy|fraud|scams?|notices?|legal|disclaimer|life at"
    r"|working (?:at|with us|here)|work (?:at|with us)"
    r"|time off|referral|accommodations?|what sets (?:us|our)|core values|our values|stipends?|insurance|take care of"
    r"|how we work|what (?:we do|we believe|we value)|company|customers include"
    r"|join (?:us|our team|the)|location|meet the|about the team|the team$|our team|team structure|some people you"
    r"|culture|what we.re building|(?:the|our) offices?$|hybrid|where we are|why we.re|(?:joys|sorrows) of"
    r"|uber uns|wir bieten|unser angebot|dein(?:e)? vorteile|benefits|das bieten wir|was wir bieten|bewerbung"
    r"|a propos|qui sommes|avantages|nous offrons|offrons|pourquoi nous|processus|pourquoi rejoindre"
    r"|sobre nosotros|quienes somos|ofrecemos|beneficios|que te ofrecemos|sobre nos|quem somos|oferecemos)\b"
)
# Headings of text about the role, which can both require skills and praise the employer.
_ROLE_HEADING = re.compile(r"(?:about )?(?:the|this|your) (?:role|job|position|opportunity)(?: at [\w. ]+)?[:?]?$")
# "What we value in a candidate" is about the candidate, although "what we value" alone is about the employer.
_CANDIDATE_HEADING = re.compile(
    r"\b(?:traits|qualities|what we (?:value|believe|love)\b.*\b(?:in (?:a|an|our|the|you)|makes? (?:a|an|for)"
    r"|for (?:this|the) (?:role|job|position)))\b"
)
_NOT_FOR_YOU_HEADING = re.compile(
    r"n.t apply|not apply if|not (?:be )?(?:a )?(?:good )?fit|unlikely to thrive|not for you"
)
_ABOUT_COMPANY_HEADING = re.compile(
    r"^(?:about|meet|join|why|working at|life at) (?!(?:the|this|you|your|our)\b)[a-z0-9]"
)
_HEADING_START = re.compile(
    r"(?:about|what|who|why|our|your?|you.ll|key|core|minimum|basic|preferred|required?|requirements?|qualifications?"
    r"|responsibilit\w+|benefits?|perks|compensation|skills?|experience|nice|bonus|must|how|the (?:role|job|team)|equal"
    r"|(?:job|role|position) (?:summary|description|overview|purpose)"
    r"|interview|hiring|tech|company|duties|life|working|anforderungen|aufgaben|dein|ihr|das|wir|uber|was|profil\w*"
    r"|missions?|vos|votre|a propos|avantages|requisitos|funciones|beneficios|sobre|perfil|responsabilidades|o que)\b"
)
# A sentence that asks something of the candidate.
_REQUEST = re.compile(
    r"\b(?:you|your|you.ll|you.re|looking for|seeking|hiring|experience (?:with|in|of|using|building)|experienced"
    r"|knowledge|proficien\w+|familiar\w*|responsible|candidates?|required?|must|ability to|able to|skills?|skilled"
    r"|we use|(?<!full[ -])stack|built (?:with|on|in)|written in|expertise|degree|fluen\w+|understanding of|hands-on"
    r"|competen\w+|as (?:an?|our) |years? of|this role|the role"
    r"|this is (?:a|an|our) [^.]{0,60}\b(?:role|position|job)|work(?:ing)? with|nice to have|bonus|plus|preferred"
    r"|du|dich|dein\w*|sie|ihr\w*|kenntnisse|erfahrung|fahigkeit\w*|gesucht|suchen"
    r"|vous|votre|vos|maitrise|connaissances?"
    r"|recherchons|competences?|tu|tus|conocimientos?|experiencia|buscamos|dominio|manejo|nivel|voce|conhecimentos?"
    r"|experiencia|buscamos|dominio|habilidades?|requisitos?)\b"
)
# A request even if all adverts of the employer contain the sentence.
_FIRM_REQUEST = re.compile(
    r"\b(?:you (?!can\b|to\b)|you.ll|you.re|looking for|seeking|experience (?:with|in|of|using)|knowledge|proficien\w+"
    r"|familiar\w*|responsible|candidates?|requires?d?|must|skills?|skilled|expertise"
    r"|\d\+? years|strong|excellent|proven|fluen\w+|understanding of|preferred"
    r"|du|sie|kenntnisse|erfahrung|vous|maitrise|connaissances?|conocimientos?|experiencia|conhecimentos?)\b"
)
# A request even under a heading about the employer.
_ABILITY_REQUEST = re.compile(
    r"\b(?:experience (?:with|in|of|using|building|developing|writing|leading|working)|familiarity with|proficien\w+"
    r"|knowledge of|strong (?:understanding|in\b|experience|background|grasp)|hands-on|ability to|ideal candidate"
    r"|\d\+? years|years.? (?:of|in)"
    r"|(?:we are|we.re|is) (?:\w+ )?(?:looking for|seeking|hiring)"
    r"|skills\b|you have|you.ve (?:built|worked)|you know|kenntnisse|maitrise|conocimientos|conhecimentos)\b"
)
# A sentence about the employer, unless it also asks something of the candidate.
_ABOUT_EMPLOYER = re.compile(
    r"\b(?:we are|we.re|we.ve|our (?:mission|platform|products?|customers?|clients?|company|solutions?|technology|users"
    r"|investors|founders|portfolio|services|software|vision|partners)|founded"
    r"|headquartered|backed by|raised|series [a-f]"
    r"|funding|valuation|investors|trusted by|used by|customers|millions of|companies (?:like|such as)|fortune"
    r"|certified (?:b corp|as a great)|great place to work|awards?"
    r"|i (?:started|studied|felt|built|was|had|think|wrote)|engineers (?:switched|came)"
    r"|is (?:an?|the) (?:\w+[ -]){0,3}(?:platform|company|start-?up|provider|leader|firm|marketplace"
    r"|agency|studio|bank|lab|network|organi[sz]ation|team|consultancy)"
    r"|(?:builds?|provides?|helps?|offers?|powers?|enables?|empowers?|delivers?|makes?) (?:\w+ ){0,4}(?:companies"
    r"|businesses|customers|teams|organi[sz]ations|people|developers|enterprises|brands|clients|patients|users))\b"
)
# A notice. It is a request only under a requirements heading, or if `_REQUEST_IN_NOTICE` also matches.
_NOTICE = re.compile(
    r"\b(?:equal (?:employment )?opportunit|without regard to|regardless of (?:race|age|gender)|reasonable accommodat"
    r"|recruit(?:ing|ment) (?:fraud|scam|agenc)|privacy (?:policy|notice)|e-verify|background check|visa sponsor"
    r"|salary range|base (?:pay|salary)|pay range|compensation|401\(?k|paid time off|parental leave|health (?:insurance"
    r"|care|coverage)|medical, dental|stipend|stock options|gym|unlimited (?:pto|vacation)|learning budget"
    r"|(?:official|unsolicited) (?:communication|email|resume)|fraudulent|scam|interview process|hiring process"
    r"|criminal histor|fair chance|language (?:classes|lessons|courses)|companies (?:like|such as)"
    r"|(?:came|come|comes|hail) from|(?:people|team|engineers|folks|leaders|alumni) from"
    r"|we are (?:\w+ ){0,2}(?:soc|iso|gdpr|hipaa)|our blog|blog posts?|read more|submit your application"
    r"|first interview|follow us (?:on|at)|find us on|may (?:evolve|change) as|business needs change"
    r"|in-office (?:collaboration|days?)"
    r"|(?:was|were) (?:founded|started) (?:in|by)"
    r"|(?:soc ?2|iso ?27001|gdpr|hipaa)(?: type (?:i|ii|1|2))?[ -](?:certified|compliant))\b"
)
_REQUEST_IN_NOTICE = re.compile(r"\b(?:experience|knowledge|familiar\w*|you will|you.ll|understanding)\b")
# A founder or colleague speaks: "I started my career building compilers".
# The verbs and nouns keep words such as the Polish "i" and "my" from matching.
_FIRST_PERSON = re.compile(
    r"\bi (?:am (?!looking)|was|have|had|started|think|felt|built|work(?:ed)?|love|joined|believe|want(?:ed)?|wrote|met"
    r"|studied|knew|learned|watched|saw|got)\b|\bi.ve\b"
    r"|\bmy (?:career|team|journey|co-?founder|brother|colleagues?|belief|manager|first|favou?rite|name|time)\b"
)
# A sentence that sells the job: "If you are ready to shape the future of cloud computing, join our team".
_PITCH = re.compile(
    r"\b(?:if you.?(?:re| are) (?:ready|excited|looking|passionate|eager|interested)|join (?:a|an|our|the|us)\b"
    r"|ready to (?:take|make|join|build|shape)|(?:be|become|being) (?:a )?part of|(?:we are|we.re) proud"
    r"|we.ve built a culture|our (?:low|high|average) )"
)
_SENTENCE_END = re.compile(r"[.!?](?<!e\.g\.)(?<!i\.e\.)(?<!etc\.)(?<!inc\.)(?<! vs\.)[\"')\]]?(?=\s)")
_MIN_SENTENCE_LENGTH = 12
# Level of headings that are bold or end in a colon. Markdown has six levels of "#".
_LOWEST_LEVEL = 7
# Minimum length of prose without a full stop. A shorter line can be a list of technologies.
_MIN_PROSE = 60
# Minimum number of lines under headings for requirements and duties. With fewer, other prose can be a request.
_MIN_REQUEST_LINES = 3
_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class Sections:
    """The excluded spans, and the sentences that count as a description of the employer if repeated.

    Both are in ascending order and do not overlap.
    """

    excluded: list[TextSpan] = field(default_factory=list)
    repeatable: list[TextSpan] = field(default_factory=list)


def parse_sections(text: str, *, start: int = 0) -> Sections:
    """Classify the parts of a posting after `start`, the end of its title."""
    sections = Sections()
    plain = _fold_text(text)
    kind, level, had_bullets, is_after_blank, request_lines = NEUTRAL, 0, False, False, 0
    position = start
    for raw in plain[start:].split("\n"):
        line_start, position = position, position + len(raw) + 1
        line = raw.strip()
        if not line:
            is_after_blank = True
            continue
        is_bullet = _BULLET_POINT.match(raw) is not None
        heading = _get_heading_kind(line, is_bullet=is_bullet, previous=kind, level=level)
        if heading is not None:
            if heading != kind or _get_level(line) <= level:
                level = _get_level(line)
            kind, had_bullets, is_after_blank = heading, False, False
            if kind == EMPLOYER:
                sections.excluded.append((line_start, line_start + len(raw)))
            continue
        if kind == REQUESTED and had_bullets and is_after_blank and not is_bullet:
            kind = NEUTRAL  # the list under the heading has ended
        had_bullets, is_after_blank = had_bullets or is_bullet, False
        request_lines += kind == REQUESTED
        if kind != REQUESTED:
            _classify_sentences(sections, plain, (line_start, line_start + len(raw)), kind, is_bullet=is_bullet)
    if request_lines >= _MIN_REQUEST_LINES:
        _exclude_prose(sections, plain)
    return sections


def _exclude_prose(sections: Sections, plain: str) -> None:
    """Exclude the repeatable sentences that ask nothing of the candidate."""
    prose = [span for span in sections.repeatable if _is_prose(plain[slice(*span)])]
    sections.repeatable = sorted(set(sections.repeatable).difference(prose))
    sections.excluded = sorted([*sections.excluded, *prose])


def _is_prose(sentence: str) -> bool:
    is_complete = sentence.endswith((".", "!", "?")) or len(sentence) >= _MIN_PROSE
    return is_complete and not _REQUEST.search(sentence)


def is_request(text: str, position: int) -> bool:
    """Return whether the sentence around a position asks for an ability, as in "experience with Kubernetes"."""
    before, after = text[:position].rpartition("\n")[2], text[position:].partition("\n")[0]
    plain, offset = _fold_text(before + after), len(before)
    return any(
        start <= offset < end and _ABILITY_REQUEST.search(plain, start, end) is not None
        for start, end in _split_sentences(plain, 0, len(plain))
    )


def hash_sentence(text: str) -> str:
    """Return a short hash that is equal for sentences that differ only in case and punctuation."""
    words = " ".join(_WORD.findall(text.casefold()))
    return hashlib.blake2b(words.encode(), digest_size=9).hexdigest()


def _fold_text(text: str) -> str:
    """Lowercase the text and remove accents, preserving offsets."""
    lower = text.lower()
    if len(lower) != len(text):  # a few letters, such as "İ", become two
        lower = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
    return strip_accents(lower)


def _get_level(line: str) -> int:
    """Return the level of a heading: the number of "#", or a level below all of these for other headings."""
    return len(line) - len(line.lstrip("#")) or _LOWEST_LEVEL


def _get_heading_kind(line: str, *, is_bullet: bool, previous: str, level: int) -> str | None:
    """Return the kind of section that a line opens, or None if it is not a heading.

    `previous` and `level` are the kind and the level of the heading before.
    """
    if len(line) > _MAX_HEADING_LENGTH:
        return None
    bare = line.strip(_MARKUP)
    is_marked = line[0] == "#" or line.endswith((":", ":**"))
    is_marked = is_marked or (line.startswith(("**", "__")) and line.endswith(("**", "__")) and line.count("**") <= 2)
    if not bare or (is_bullet and line[0] != "*" and not line.startswith("#")):
        return None
    if not is_marked:
        if is_bullet or line.endswith((".", ",", ";", "!")) or len(bare.split()) > _MAX_BARE_HEADING_WORDS:
            return None
        kind = NEUTRAL if _ROLE_HEADING.match(bare) else _classify_heading(bare)
        # A short line without markup is a heading only if it starts with a typical heading word.
        return kind if kind is not None and _HEADING_START.match(bare) else None
    kind = NEUTRAL if _ROLE_HEADING.match(bare) else _classify_heading(bare)
    if kind is not None:
        return kind
    # An unknown heading within requirements, such as "Backend:", does not end the section.
    is_subheading = previous == REQUESTED and (line[0] != "#" or _get_level(line) > level)
    return REQUESTED if is_subheading else NEUTRAL


def _classify_heading(bare: str) -> str | None:
    if _ABOUT_COMPANY_HEADING.match(bare):
        return EMPLOYER
    employer, request = _EMPLOYER_HEADING.search(bare), _REQUEST_HEADING.search(bare)
    if employer and _NOT_FOR_YOU_HEADING.search(bare):
        return EMPLOYER
    if _CANDIDATE_HEADING.search(bare):
        return REQUESTED
    if request and employer:
        # "What you'll get from this role", "Compensation for your work": the heading's first phrase decides.
        return REQUESTED if request.start() < employer.start() else EMPLOYER
    if employer:
        return EMPLOYER
    return REQUESTED if request else None


def _classify_sentences(sections: Sections, plain: str, line: TextSpan, kind: str, *, is_bullet: bool) -> None:
    """Classify the sentences of a line that is not under a heading of requirements or duties."""
    for span in _split_sentences(plain, *line):
        words = plain[span[0] : span[1]]
        if kind == EMPLOYER:
            if not _ABILITY_REQUEST.search(words) or _NOTICE.search(words) or _FIRST_PERSON.search(words):
                sections.excluded.append(span)
        elif _is_notice_or_pitch(words):
            sections.excluded.append(span)
        elif _FIRM_REQUEST.search(words):
            continue
        elif not _REQUEST.search(words) and _ABOUT_EMPLOYER.search(words):
            sections.excluded.append(span)
        elif len(words) >= _MIN_SENTENCE_LENGTH and not is_bullet:
            sections.repeatable.append(span)


def _is_notice_or_pitch(sentence: str) -> bool:
    """Return whether a sentence is a notice, quotes a colleague, or advertises the job."""
    if _NOTICE.search(sentence) and not _REQUEST_IN_NOTICE.search(sentence):
        return True
    is_pitch = _PITCH.search(sentence) is not None and not _ABILITY_REQUEST.search(sentence)
    return is_pitch or _FIRST_PERSON.search(sentence) is not None


def _split_sentences(plain: str, start: int, end: int) -> Iterator[TextSpan]:
    """Yield the spans of the sentences of a line. The mark at the end of a sentence belongs to the sentence."""
    for mark in _SENTENCE_END.finditer(plain, start, end):
        if mark.start() > start:
            yield start, mark.end()
            start = mark.end()
    if start < end:
        yield start, end
