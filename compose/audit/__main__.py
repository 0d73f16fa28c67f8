import sys

from compose.audit.report import main

sys.exit(main())
