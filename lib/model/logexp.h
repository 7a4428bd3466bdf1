/*
 * Logarithm and exponential in plain IEEE arithmetic: the same bits on every machine, where libm picks
 * another routine for another processor. Within 2 units in the last place of the true value; written for
 * clarity, not speed (about 10 ns a call), since scoring needs one of them a record and training a few
 * thousand.
 */
#ifndef SS_MODEL_LOGEXP_H
#define SS_MODEL_LOGEXP_H

/* Natural logarithm of a positive finite number. */
double ss_log_natural(double x);
/* e to the x; 0 below -708, the largest double above 709. */
double ss_exp_natural(double x);
/* 2 to the x; 0 below -1022. */
double ss_exp_two(double x);
/* 1 / (1 + e^-x), without overflow, strictly between 0 and 1 for |x| < 36. */
double ss_logistic(double x);

#endif
