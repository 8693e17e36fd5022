"""Read Europass files. Run only inside `extract_worker`: see `sandbox`."""

from collections.abc import Mapping

from accounts.resumes.files.formats import FileRejected
from accounts.resumes.imports.europass_candidate import read_candidate
from accounts.resumes.imports.europass_passport import read_learner
from accounts.resumes.imports.trees import Node, find
from accounts.resumes.imports.values import ImportedResume


def read_europass(root: str, document: Node) -> ImportedResume:
    """Return the content of a Europass document. Sections without a place in a resume are listed in `unread`.

    Raises:
        FileRejected: The document is of another kind.
    """
    if root == "Candidate":
        return read_candidate(document)
    learner = find(document, "LearnerInfo") if root != "LearnerInfo" else document
    if root not in ("SkillsPassport", "LearnerInfo", "Europass") or not isinstance(learner, Mapping):
        raise FileRejected("unknown_type")
    return read_learner(learner)
