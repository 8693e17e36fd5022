"""The texts of generated postings: sentences written for this project, combined into 2-3 kB of Markdown.

The sentences avoid words that are also names of technologies, so that a posting names exactly its required skills.
"""

from collections.abc import Sequence
from functools import lru_cache

# The lengths of these lists are prime, so that any stride visits the whole list before it repeats.
_ABOUT = (
    "We are a team of people who care about doing things properly and explaining why.",
    "Most of our customers came to us because somebody they trust told them to.",
    "Our teams are small, own what they build and talk to the people who use it every week.",
    "We grew steadily over the last six years and kept the habits that made us good at this.",
    "Last year we opened two more offices, and about a third of us work from home most of the time.",
    "You will find friendly colleagues here, few meetings, and a lot of written thinking.",
    "We have been profitable since our fourth year, so we can plan further ahead than next quarter.",
)
_PURPOSE = (
    "You will join a team of seven that looks after one of our busiest products from first idea to daily operation.",
    "This position is new: the team has more good ideas than hands, and you would change that.",
    "You take over an area that customers notice every day, with room to decide how it should develop.",
    "The work is split about evenly between new things and making the existing ones simpler and more dependable.",
    "You will work with colleagues from other departments and present what you have done every other week.",
)
_HABITS = (
    "We plan in cycles of six weeks and leave two weeks between them for repairs and learning.",
    "Releases go out several times a day, and anybody may stop one that does not look right.",
    "Decisions are written down with their reasons, and everybody can read and question them.",
    "We keep the morning free of meetings and do most of our coordination in writing.",
    "Every newcomer has a companion for the first three months and releases something in the first week.",
)
_DUTIES: dict[str, tuple[str, ...]] = {
    "build": (
        "Design, write and maintain services and interfaces that thousands of people use daily",
        "Review the work of your colleagues and have yours reviewed, kindly and thoroughly",
        "Break down large projects into steps that can be released one at a time",
        "Find out why something is slow, measure it, and make it fast",
        "Write automated tests that give the team confidence to change things",
        "Take part in planning and say early when something will not work",
        "Keep our technical debt visible and pay it back continuously",
        "Answer questions from support and turn the frequent ones into improvements",
        "Document decisions so that the next person understands them",
        "Mentor less experienced developers in pairing sessions",
        "Share responsibility for running what we build, one week in eight",
    ),
    "data": (
        "Build and look after the pipelines that bring figures from forty sources into one place",
        "Model data so that people in other departments find what they need by themselves",
        "Agree on definitions with other departments and keep them written down",
        "Watch over quality: completeness, freshness and plain sense",
        "Turn vague questions into reports that settle them",
        "Present findings to people who do not read tables for a living",
        "Reduce the cost of our warehouse without making anybody wait",
    ),
    "learning": (
        "Develop, train and evaluate models that answer real questions of our customers",
        "Design experiments and judge honestly whether a result means anything",
        "Bring models into production together with the engineers and watch how they do",
        "Prepare and label data, and know its weaknesses before anybody else does",
        "Explain to colleagues what a model can do and where it should not be trusted",
        "Follow what is being published and try what looks promising on our own problems",
        "Keep training reproducible from raw data to the released artefact",
    ),
    "operations": (
        "Run and improve the platform that forty teams release to every day",
        "Automate what is still done by hand, beginning with what hurts most",
        "Plan capacity, keep costs in view and retire what nobody uses",
        "Take part in an on-call rotation that is paid and quiet most weeks",
        "Write down what happened after an incident and see that the lessons are acted on",
        "Advise development teams on reliability, monitoring and release practice",
        "Keep systems patched, backed up and restorable, and prove it by drills",
    ),
    "security": (
        "Find weaknesses in our products and networks before others do",
        "Work with developers on designs that withstand attacks",
        "Investigate alerts, lead the response to incidents and write clear reports",
        "Maintain detection rules and cut the number of false alarms",
        "Assess suppliers and the software we depend on",
        "Train colleagues in a way that they remember",
        "Prepare and accompany external audits",
    ),
    "quality": (
        "Plan and carry out tests of new features together with the developers",
        "Build automated suites that are quick, stable and worth reading",
        "Reproduce what customers report and describe it so that it can be solved",
        "Decide with the team when a release is good enough",
        "Test the behaviour of our services under load",
        "Improve the test environments and the data in them",
        "Ask the awkward question during planning",
    ),
    "product": (
        "Find out what customers need by talking to them every week",
        "Set priorities with the team and defend them when it matters",
        "Write clear requirements and check that what was built meets them",
        "Follow how features are used and draw conclusions from it",
        "Coordinate work across several teams and keep everybody informed",
        "Prepare releases with marketing, support and training",
        "Lead workshops that end with a decision",
    ),
    "design": (
        "Sketch, prototype and refine interfaces for the web and for phones",
        "Plan and carry out interviews and usability tests",
        "Maintain our library of components together with the developers",
        "Present your designs and the thinking behind them",
        "Make sure that our products can be used by everyone, also with assistive technology",
        "Find the simple version of a complicated process",
        "Work with product and engineering from the first conversation",
    ),
}
_QUALITIES = (
    "You explain complicated matters simply, in writing as well as in conversation",
    "You finish what you begin and say so when you need help",
    "You have good judgement about when something is good enough",
    "You enjoy working with people who know other things than you do",
    "You are comfortable with questions that have more than one answer",
    "You keep calm when something breaks and find out why afterwards",
    "You hold a degree in a technical subject or have learned the trade another way",
)
_STRONG = (
    "Several years of practical experience with {}",
    "Proven experience with {} in production",
    "Strong working knowledge of {}",
    "You have used {} in demanding projects",
    "Deep understanding of {}",
)
_WEAK = (
    "Good knowledge of {}",
    "Experience with {} is expected",
    "You know your way around {}",
    "Sound grasp of {}",
    "Familiarity with {}",
)
_BONUS = (
    "Exposure to {} would be welcome",
    "Some experience with {} is an advantage",
    "Ideally you have worked with {} before",
)
_OFFERS = (
    "Working hours that you arrange with your team, and the choice of where you work on three days a week",
    "Thirty days of leave and a week for learning of your own choosing each year",
    "Health, dental and vision insurance from the first day",
    "A pension plan to which we add six percent",
    "Parental leave of twenty weeks for every parent",
    "A yearly budget for books, courses and conferences",
    "Equipment of your choice, also for your desk at home",
    "Transparent salary bands and a review twice a year",
    "A share in the success of the company",
    "Lunch together on Wednesdays and two trips a year",
    "Support with relocation and visas where they are needed",
)
_CLOSINGS = (
    "We welcome applications from people of every background and decide by ability alone. Send us a short letter "
    "and your resume; you will hear from us within a week, and the whole process takes three conversations.",
    "Even if you do not meet every point above, we would like to hear from you. We judge applications without regard "
    "to age, origin, gender, faith, disability or family status.",
    "Tell us what you have done and what you would like to do next. Our interviews are a conversation about your "
    "work, one practical exercise of ninety minutes, and an afternoon with the team.",
)


def write_description(
    *, company: str, trade: str, title: str, place: str, family: str, skills: Sequence[str], draws: list[float]
) -> str:
    """Write a posting's description that names all `skills`. Takes up to ten of `draws`, uniform in [0, 1)."""
    draw = draws.pop
    core, further, optional = skills[:4], skills[4:9], skills[9:]
    required = [f"- {_choose(_STRONG, draw()).format(_join_names(core))}"] if core else []
    if further:
        required.append(f"- {_choose(_WEAK, draw()).format(_join_names(further))}")
    if optional:
        required.append(f"- {_choose(_BONUS, draw()).format(_join_names(optional))}")
    return (
        f"**{company}** {trade}. {_join_choices(_ABOUT, draw(), 3, '', ' ')}\n\n"
        f"## The position\n\nWe are looking for a **{title}** ({place}). "
        f"{_join_choices(_PURPOSE, draw(), 3, '', ' ')}\n\n"
        f"## Your tasks\n\n{_join_choices(_DUTIES[family], draw(), 6, '- ', chr(10))}\n\n"
        f"## Your profile\n\n{chr(10).join(required)}\n{_join_choices(_QUALITIES, draw(), 4, '- ', chr(10))}\n\n"
        f"## How we work\n\n{_join_choices(_HABITS, draw(), 3, '', ' ')}\n\n"
        f"## What we offer\n\n{_join_choices(_OFFERS, draw(), 6, '- ', chr(10))}\n\n"
        f"{_choose(_CLOSINGS, draw())}"
    )


def _choose(choices: Sequence[str], draw: float) -> str:
    return choices[int(draw * len(choices))]


def _join_choices(choices: tuple[str, ...], draw: float, count: int, prefix: str, separator: str) -> str:
    """Join `count` different choices. One random number selects the start and the stride."""
    size = len(choices)
    return _join_cached(choices, int(draw * size * (size - 1)), count, prefix, separator)


# Each list can be joined in at most 110 ways, so most calls return a cached text.
@lru_cache(maxsize=4096)
def _join_cached(choices: tuple[str, ...], number: int, count: int, prefix: str, separator: str) -> str:
    size = len(choices)
    start, stride = number % size, number // size + 1
    return separator.join(prefix + choices[(start + step * stride) % size] for step in range(count))


def _join_names(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
