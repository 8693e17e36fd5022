from skills.matching.score import MatchScore, score_match
from skills.matching.sides import Opening, Seeker

__all__ = ["MatchScore", "Opening", "Seeker", "score_match"]
