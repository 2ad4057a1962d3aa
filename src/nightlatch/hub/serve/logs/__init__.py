"""The logs of the programmes that the household gives to: read, audited, kept, cosigned, and shown to the page.

Every checkpoint that anybody in the house sees is held against what was audited here, so that a log cannot show the
page, the keeper's receipts and this hub different trees. The page gets the very files that were audited.
"""

from nightlatch.hub.serve.logs.key import witness_key
from nightlatch.hub.serve.logs.logs import Logs
from nightlatch.hub.serve.logs.watch import LogDoubted, LogTrouble, NotAudited

__all__ = ["LogDoubted", "LogTrouble", "Logs", "NotAudited", "witness_key"]
