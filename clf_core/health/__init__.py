"""What is wrong with the pictures of a dataset version, and what would mend it.

Everything here is pure: manifest, facts and feature vectors in, findings in words out.

quick       all checks that need no network, for the first look after an import
slow        those on the features of the pretrained network, for the background
grading     from findings to a grade with its reasons
repair      what the one-click fix of a finding changes

No check chooses anything about a model. The slow ones look at test pictures too, to find wrong labels in them;
every accuracy that is told is measured on training and validation pictures alone.
"""
